"""Endpoints as ONNX files, one each, for ONNX Runtime and whatever else reads ONNX.

They are converted by tf2onnx from the very functions that a SavedModel holds, so that both formats take and give the
same. tf2onnx 1.17 works beside the TensorFlow, Keras, NumPy and protobuf pinned in requirements.txt and covers every
fusion and encoder to within 1e-5. A converter of our own, layer by layer, was tried and left: two hundred lines, and
more with each new layer, for a generator that ONNX Runtime ran 1 % (batch 1) to 10 % (batch 8) faster on two cores.
Keras' model.export(format="onnx") uses tf2onnx too, but takes whole models alone: crops would come and go as floats.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import tensorflow as tf
import tf2onnx

from facedancer_tf.endpoints import Endpoint, Exported
from facedancer_tf.export_notes import write_notes

OPSET = 18  # the highest that tf2onnx 1.17 writes; ONNX Runtime reads it since 1.14


def write_onnx(endpoints: Sequence[Endpoint], notes: Mapping[str, str], folder: Path) -> None:
    """Writes `<endpoint>.onnx` for each to `folder`, with the notes beside them and in every file's metadata.

    Raises ValueError for a layer that has no ONNX form.
    """
    for endpoint in endpoints:
        function = tf.function(endpoint.function, input_signature=list(endpoint.inputs))
        model, _ = tf2onnx.convert.from_function(function, list(endpoint.inputs), opset=OPSET)
        onnx.helper.set_model_props(model, dict(notes))
        for value in (*model.graph.input, *model.graph.output):
            value.type.tensor_type.shape.dim[0].dim_param = "batch"
        try:
            onnx.checker.check_model(model, full_check=True)
        except onnx.checker.ValidationError as error:
            # tf2onnx leaves an operation that it does not know as it is
            raise ValueError(f"a layer of `{endpoint.name}` has no ONNX form: {error}") from error
        onnx.save(model, folder / f"{endpoint.name}.onnx")
    write_notes(notes, folder)


def load_onnx(folder: Path) -> Exported:
    """Its endpoints in ONNX Runtime, on the CPU."""
    return {path.stem: _on_arrays(path) for path in folder.glob("*.onnx")}


def _on_arrays(path: Path) -> Callable[..., dict[str, np.ndarray]]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda **arrays: dict(zip(names, session.run(names, arrays), strict=True))
