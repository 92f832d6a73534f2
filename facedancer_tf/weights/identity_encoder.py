"""Loads identity encoders with their weights: two are in the repository, all others come as encoder files."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from facedancer_tf.errors import UserError
from facedancer_tf.weights.archive import fingerprint
from facedancer_tf.weights.embedded import ASSETS, assign_weights, read_embedded_weights, without_drawing
from facedancer_tf.weights.encoder_file import load_encoder_file
from facedancer_tf.weights.mobileface import mobileface_layer_weights
from facedancer_tf.weights.sface import sface_layer_weights
from networks.encoders import ENCODERS, IdentityEncoder, prepare_pictures

LAYER_WEIGHTS = {"sface": sface_layer_weights, "mobileface": mobileface_layer_weights}  # the embedded ones
BATCH = 8  # faces that run at once, so that a crowd needs no more memory


@dataclass(frozen=True)
class Encoder:
    """A frozen encoder, with a description of how its weights read pictures."""

    network: keras.Model
    description: IdentityEncoder

    @cached_property
    def fingerprint(self) -> str:
        """The `archive.fingerprint` of the weights: it says which ones they are."""
        return fingerprint(self.network)

    def embed(self, crops: keras.KerasTensor) -> keras.KerasTensor:
        """Computes raw embeddings [B, W] of aligned crops uint8 [B, S, S, 3] RGB; a tensor function."""
        pictures = keras.ops.cast(crops, "float32") / 127.5 - 1.0
        return self.network(prepare_pictures(self.description, pictures), training=False)

    @cached_property
    def graph(self) -> Callable[[tf.Tensor], tf.Tensor]:
        """`embed`, traced for any number of crops: it takes less than half the time of running layer by layer."""
        size_px = self.description.size_px
        crops = tf.TensorSpec((None, size_px, size_px, 3), tf.uint8)
        return tf.function(self.embed, autograph=False).get_concrete_function(crops)

    def embed_crops(self, crops: np.ndarray) -> np.ndarray:
        """Runs `embed` on arrays uint8 [B, S, S, 3] of the encoder's own size, a few at a time: float32 [B, W]."""
        return in_parts(self.graph, crops)


def in_parts(graph: Callable[..., tf.Tensor], *arrays: np.ndarray) -> np.ndarray:
    """Runs `graph` on `arrays` of equal length, a few rows at a time, and joins its outputs into one array."""
    parts = [
        graph(*(tf.convert_to_tensor(array[i : i + BATCH]) for array in arrays))
        for i in range(0, len(arrays[0]), BATCH)
    ]
    return np.concatenate([part.numpy() for part in parts])


def load_encoder(name: str, weights: Path | None = None, dtype: str = "float32") -> Encoder:
    """Loads the encoder called `name` in `networks.encoders.ENCODERS`.

    `weights` is an encoder file that import_weights.py made; "sface" and "mobileface" need none. `dtype` is the dtype
    policy of the convolutions. Raises ValueError for an unknown name, and UserError where the weights are missing,
    damaged or of another encoder.
    """
    if name not in ENCODERS:
        raise ValueError(f"`name` must be one of {sorted(ENCODERS)}. Received: name={name!r}")
    if weights is not None:
        network, recipe = load_encoder_file(weights, dtype)
        if recipe.encoder != name:
            raise UserError(
                f"{weights} holds the encoder {recipe.encoder}, but {name} is needed: name its file"
            )
        return Encoder(network, recipe.description)
    if name not in LAYER_WEIGHTS:
        raise UserError(
            f"the encoder {name} comes without weights: import a file of them with import_weights.py and name it, or "
            "use the encoder sface",
            "weights_missing",
        )
    with without_drawing():
        network = ENCODERS[name].build(dtype=dtype)
    assign_weights(network, LAYER_WEIGHTS[name](read_embedded_weights(ASSETS / name)))
    return Encoder(network, ENCODERS[name])


def load_sface_embed() -> Callable[[np.ndarray], np.ndarray]:
    """`Encoder.embed_crops` of SFace, which is in the repository; a name that other processes can import."""
    return load_encoder("sface").embed_crops
