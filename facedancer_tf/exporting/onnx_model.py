"""Writes each endpoint as an ONNX file, for ONNX Runtime and all other programs that read ONNX.

The graphs are written layer by layer (onnx_nodes.py); nodes before and after them convert the crops. tf2onnx 1.17,
which Keras' model.export(format="onnx") uses too, was tried instead. It works beside the pinned TensorFlow, Keras,
NumPy and protobuf and gives the same pictures. But it took 7.5 GB of memory and 10 to 18 s to write a generator of 97
MB, its mode for large models fails with NumPy 2 (np.product), and the generator ran a tenth slower in ONNX Runtime at
batch 8.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from facedancer_tf.exporting.endpoints import Endpoint, Exported
from facedancer_tf.exporting.notes import write_notes
from facedancer_tf.exporting.onnx_nodes import OnnxNodes, emit_network

OPSET = 17  # the lowest that has our operators: ONNX Runtime reads it since 1.12
IR_VERSION = 8  # the file format of that time


def write_onnx(endpoints: Sequence[Endpoint], notes: Mapping[str, str], folder: Path) -> None:
    """Writes `<endpoint>.onnx` for each endpoint to `folder`, with the notes beside them and in every file's metadata.

    Raises ValueError for a layer that has no ONNX form.
    """
    for endpoint in endpoints:
        model = _to_onnx(endpoint)
        helper.set_model_props(model, dict(notes))
        try:
            onnx.checker.check_model(model, full_check=True)
        except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
            raise ValueError(
                f"its layers do not fit together in ONNX ({' '.join(str(error).split())})"
            ) from error
        onnx.save(model, folder / f"{endpoint.name}.onnx")
    write_notes(notes, folder)


def _to_onnx(endpoint: Endpoint) -> onnx.ModelProto:
    nodes, read, shapes = OnnxNodes(), [], []
    for spec in endpoint.inputs:
        crops = spec.dtype == "uint8"
        shapes.append(_batch_of(spec.name, TensorProto.UINT8 if crops else TensorProto.FLOAT, spec.shape[1:]))
        read.append(_crops_in(nodes, endpoint, spec.name) if crops else spec.name)
    network = endpoint.network
    if network is None:
        raise ValueError(f"an ONNX file holds one network; `{endpoint.name}` runs two")
    result, shape = emit_network(nodes, network, read), network.output.shape[1:]
    if len(shape) == 3:
        output = _batch_of(_crops_out(nodes, result), TensorProto.UINT8, shape)
    else:
        output = _batch_of(nodes.add("Identity", [result], "identity"), TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes.nodes, endpoint.name, shapes, [output], nodes.constants)
    opset = helper.make_opsetid("", OPSET)
    return helper.make_model(
        graph, producer_name="facedancer_tf", opset_imports=[opset], ir_version=IR_VERSION
    )


def _batch_of(name: str, kind: int, shape: Sequence[int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, ["batch", *shape])


def _crops_in(nodes: OnnxNodes, endpoint: Endpoint, name: str) -> str:
    """Converts crops uint8 [B, S, S, 3] to what the network reads, float32 [B, 3, S, S]."""
    x = nodes.add("Cast", [name], f"{name}_float", to=TensorProto.FLOAT)
    x = nodes.add("Transpose", [x], f"{name}_nchw", perm=[0, 3, 1, 2])
    if endpoint.channel_order == "BGR":
        x = nodes.add(
            "Gather", [x, nodes.constant(f"{name}_bgr", [2, 1, 0], np.int64)], f"{name}_flipped", axis=1
        )
    scale = nodes.constant(f"{name}_scale", (endpoint.high - endpoint.low) / 255)
    x = nodes.add("Mul", [x, scale], f"{name}_scaled")
    return nodes.add("Add", [x, nodes.constant(f"{name}_low", endpoint.low)], f"{name}_pictures")


def _crops_out(nodes: OnnxNodes, result: str) -> str:
    """Converts a generator's output [B, 3, S, S] to `swapped`, uint8 [B, S, S, 3], as engine.as_crops does."""
    half, zero, full = (nodes.constant(f"swapped_{value}", value) for value in (127.5, 0, 255))
    x = nodes.add("Mul", [result, half], "swapped_scaled")
    x = nodes.add("Add", [x, half], "swapped_shifted")
    x = nodes.add("Clip", [x, zero, full], "swapped_clipped")
    x = nodes.add(
        "Transpose", [nodes.add("Round", [x], "swapped_rounded")], "swapped_nhwc", perm=[0, 2, 3, 1]
    )
    return nodes.add("Cast", [x], "swapped", to=TensorProto.UINT8)


def load_onnx(folder: Path) -> Exported:
    """Loads the endpoints in `folder` into ONNX Runtime, on the CPU."""
    return {path.stem: _on_arrays(path) for path in folder.glob("*.onnx")}


def _on_arrays(path: Path) -> Callable[..., dict[str, np.ndarray]]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda **arrays: dict(zip(names, session.run(names, arrays), strict=True))
