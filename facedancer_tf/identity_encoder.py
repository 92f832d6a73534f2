"""Identity encoders with their weights: SFace's are in the repository, ArcFace's are the user's own file."""

from pathlib import Path

import keras
import numpy as np

from facedancer_tf.embedded_weights import ASSETS, assign_weights, read_embedded_weights
from facedancer_tf.errors import UserError
from facedancer_tf.sface_weights import sface_layer_weights
from networks.encoders import ENCODERS, IdentityEncoder, prepare_pictures

BATCH = 8  # faces at once; bounds the memory on a crowd


def load_encoder(name: str, weights: Path | None = None, dtype: str = "float32") -> keras.Model:
    """The encoder called `name` in `networks.encoders.ENCODERS`, frozen, in its own input range and order.

    `weights` is a `.weights.h5` or `.keras` file written from the same network; "sface" needs none. `dtype` is the
    dtype policy of its convolutions. Raises ValueError for an unknown name and UserError where weights are
    missing, damaged or of another network.
    """
    if name not in ENCODERS:
        raise ValueError(f"`name` must be one of {sorted(ENCODERS)}. Received: name={name!r}")
    encoder = ENCODERS[name].build(dtype=dtype)
    if weights is not None:
        _load_from_file(encoder, Path(weights))
    elif name == "sface":
        assign_weights(encoder, sface_layer_weights(read_embedded_weights(ASSETS / "sface")))
    else:
        raise UserError(
            f"the encoder {name} comes without weights: name a file with them, or use the encoder sface"
        )
    return encoder


def _load_from_file(encoder: keras.Model, path: Path) -> None:
    if not path.is_file():
        raise UserError(f"there is no encoder weights file at {path}: check the path")
    if not path.name.endswith((".weights.h5", ".keras")):
        raise UserError(f"{path.name} is not an encoder weights file: it must end in .weights.h5 or .keras")
    try:
        encoder.load_weights(path)
    except (ValueError, OSError, KeyError) as error:
        raise UserError(f"{path} does not hold weights of the encoder {encoder.name} ({error})") from error


def embed(encoder: keras.Model, description: IdentityEncoder, crops: keras.KerasTensor) -> keras.KerasTensor:
    """Raw embeddings [B, W] of aligned crops uint8 [B, S, S, 3] RGB; a tensor function."""
    pictures = keras.ops.cast(crops, "float32") / 127.5 - 1.0
    return encoder(prepare_pictures(description, pictures), training=False)


def embed_crops(encoder: keras.Model, description: IdentityEncoder, crops: np.ndarray) -> np.ndarray:
    """`embed` on arrays, a few at a time: float32 [B, W]."""
    parts = [embed(encoder, description, crops[i : i + BATCH]) for i in range(0, len(crops), BATCH)]
    return np.concatenate([keras.ops.convert_to_numpy(part) for part in parts])
