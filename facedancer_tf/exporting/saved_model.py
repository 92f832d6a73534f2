"""Writes endpoints as signatures of a TensorFlow SavedModel; loading it needs neither this project nor Keras."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from facedancer_tf.exporting.endpoints import Endpoint, Exported
from facedancer_tf.exporting.notes import write_notes


def write_saved_model(endpoints: Sequence[Endpoint], notes: Mapping[str, str], folder: Path) -> None:
    """Writes the SavedModel to `folder`, with the notes in `assets.extra/`.

    Keras' ExportArchive is not used, because it stores every weight twice (seen with Keras 3.15).
    """
    signatures = {
        endpoint.name: tf.function(endpoint.function).get_concrete_function(*endpoint.inputs)
        for endpoint in endpoints
    }
    module = tf.Module()
    module.weights = [signature.variables for signature in signatures.values()]
    tf.saved_model.save(module, str(folder), signatures)
    extra = folder / "assets.extra"  # the SavedModel's place for files that it does not read itself
    extra.mkdir()
    write_notes(notes, extra)


def load_saved_model(folder: Path) -> Exported:
    """Loads the endpoints in `folder` with plain tf.saved_model.load."""
    return {name: _on_arrays(run) for name, run in tf.saved_model.load(str(folder)).signatures.items()}


def _on_arrays(signature: Callable[..., dict[str, tf.Tensor]]) -> Callable[..., dict[str, np.ndarray]]:
    def run(**arrays: np.ndarray) -> dict[str, np.ndarray]:
        outputs = signature(**{name: tf.constant(array) for name, array in arrays.items()})
        return {name: output.numpy() for name, output in outputs.items()}

    return run
