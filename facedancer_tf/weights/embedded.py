"""Reads the weights that the repository carries, each checked against the SHA256SUMS beside it, and writes them."""

import hashlib
import io
import math
from contextlib import AbstractContextManager
from pathlib import Path

import keras
import numpy as np

from data.checksums import SUMS, Damaged, read_checked
from data.whole_files import whole_file
from facedancer_tf.errors import UserError

ASSETS = Path(__file__).resolve().parents[2] / "assets"


def read_embedded_weights(folder: Path) -> dict[str, np.ndarray]:
    """Reads the arrays of `folder`/weights.npz by name; raises UserError if a file is missing or not as shipped."""
    path = folder / "weights.npz"
    try:
        content = read_checked(path)
    except OSError as error:
        raise UserError(
            f"the embedded weights in {folder} are missing ({error.strerror}): restore them from the repository",
            "missing",
        ) from error
    except Damaged as error:
        raise UserError(f"{error}: restore it from the repository", "unreadable") from error
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def write_embedded_weights(arrays: dict[str, np.ndarray], folder: Path) -> str:
    """Writes `folder`/weights.npz and the SHA256SUMS that names it; returns a line that says what was written."""
    path = folder / "weights.npz"
    write_arrays(arrays, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / SUMS).write_text(f"{digest}  {path.name}\n", encoding="ascii")
    return f"{path}: {path.stat().st_size} bytes, {digest}"


def write_arrays(arrays: dict[str, np.ndarray], path: Path) -> None:
    """Writes a compressed .npz file beside `path`, and then moves it there."""
    with whole_file(path) as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def without_drawing(file_numbers: float = math.inf) -> AbstractContextManager:
    """A scope in which networks start from zeros: half of building is drawing weights, and loading overwrites them.

    `file_numbers` is how many numbers the arrays have that will be loaded. Building raises ValueError once the kernels
    have more than twice as many and a million: so a file costs no more memory than its arrays, whatever it says of its
    network. Whether all fits exactly, loading says better, layer by layer.
    """
    left = 2 * file_numbers + 1e6

    class CountedZeros(keras.initializers.Zeros):
        def __call__(self, shape: tuple[int, ...], dtype: str | None = None) -> keras.KerasTensor:
            nonlocal left
            left -= math.prod(shape)
            if left < 0:
                raise ValueError("it describes a network that is larger than the weights in it")
            return super().__call__(shape, dtype)

    return keras.saving.custom_object_scope({"glorot_uniform": CountedZeros})


def assign_weights(model: keras.Model, weights: dict[str, list[np.ndarray]]) -> None:
    """Sets the weights of each layer by name.

    Raises ValueError if a layer that has weights is not named, or if a name is unknown.
    """
    expected = {layer.name for layer in model.layers if layer.weights}
    if expected != set(weights):
        raise ValueError(
            f"`weights` must name exactly {model.name}'s layers. Received: {sorted(expected ^ set(weights))} differ"
        )
    for name, arrays in weights.items():
        model.get_layer(name).set_weights(arrays)
