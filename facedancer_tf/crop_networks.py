"""A model file's networks on aligned crops: the generator and the encoder that its recipe names.

Crops are uint8 RGB [B, S, S, 3] at the networks' own sizes, identities raw embeddings float32 [B, W]. This file says
once how pixels become network inputs and outputs become pixels; exported models trace the same functions.
"""

from pathlib import Path

import keras
import numpy as np
from keras import ops

from facedancer_tf.identity_encoder import BATCH, embed, embed_crops, load_encoder
from facedancer_tf.model_file import load_model_file
from networks.encoders import ENCODERS


def as_pictures(crops: keras.KerasTensor) -> keras.KerasTensor:
    """What a generator reads, float32 in [-1, 1], of crops uint8; a tensor function."""
    return ops.cast(crops, "float32") / 127.5 - 1.0


def as_crops(swapped: keras.KerasTensor) -> keras.KerasTensor:
    """Crops uint8 of a generator's output; a tensor function.

    The output is linear and may leave [-1, 1]: it is clipped, then rounded to the nearest of 0 … 255.
    """
    return ops.cast(ops.round(ops.clip((swapped + 1.0) * 127.5, 0.0, 255.0)), "uint8")


class CropNetworks:
    """Generator and identity encoder of the model file at `model`, ready to run.

    encoder_weights: a file for encoders that come without weights. Raises UserError where a file is missing, damaged
    or of another network.
    """

    def __init__(self, model: Path, encoder_weights: Path | None = None) -> None:
        self.generator, self.recipe = load_model_file(model)
        self.description = ENCODERS[self.recipe.encoder]
        self.encoder = load_encoder(self.recipe.encoder, encoder_weights)

    def embed(self, crops: keras.KerasTensor) -> keras.KerasTensor:
        """Identity [B, W] of source crops uint8 [B, 112, 112, 3], aligned without shrink; a tensor function."""
        return embed(self.encoder, self.description, crops)

    def swap(self, crops: keras.KerasTensor, identities: keras.KerasTensor) -> keras.KerasTensor:
        """Swapped crops uint8 of target crops uint8 [B, S, S, 3] and identities [B, W]; a tensor function.

        Identities of batch 1 serve every target.
        """
        return as_crops(self.generator([as_pictures(crops), identities], training=False))

    def embed_crops(self, crops: np.ndarray) -> np.ndarray:
        """`embed` on arrays, a few at a time."""
        return embed_crops(self.encoder, self.description, crops)

    def swap_crops(self, crops: np.ndarray, identities: np.ndarray) -> np.ndarray:
        """`swap` on arrays, a few at a time."""
        parts = [
            self.swap(crops[i : i + BATCH], ops.convert_to_tensor(identities[i : i + BATCH], "float32"))
            for i in range(0, len(crops), BATCH)
        ]
        return np.concatenate([ops.convert_to_numpy(part) for part in parts])
