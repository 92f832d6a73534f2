"""Runs a model file's networks on aligned crops: the generator, and the encoder that its recipe names.

Crops are uint8 RGB [B, S, S, 3] at the networks' own sizes; identities are raw embeddings float32 [B, W]. Only this
file says how pixels become network inputs and how outputs become pixels; exported models trace the same functions.
"""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from facedancer_tf.errors import UserError
from facedancer_tf.importing.encoders import load_needed_encoder
from facedancer_tf.weights.identity_encoder import Encoder, in_parts
from facedancer_tf.weights.model_file import ModelRecipe, load_model_file


def as_pictures(crops: keras.KerasTensor) -> keras.KerasTensor:
    """Turns crops uint8 into the generator's input, float32 in [-1, 1]; a tensor function."""
    return ops.cast(crops, "float32") / 127.5 - 1.0


def as_crops(swapped: keras.KerasTensor) -> keras.KerasTensor:
    """Turns the generator's output into crops uint8; a tensor function.

    The output is linear and may leave [-1, 1]: it is clipped, and then rounded to the nearest of 0 … 255.
    """
    return ops.cast(ops.round(ops.clip((swapped + 1.0) * 127.5, 0.0, 255.0)), "uint8")


class Engine:
    """Swaps crops with the generator and the identity encoder of the model file at `model`.

    Both networks are traced once, at loading, for any number of faces, and may run in any number of threads at the same
    time. They take a few faces at a time, so that a crowd needs no more memory than a few faces do. A graph also frees
    every feature map as soon as it has been used, while a network that runs eagerly keeps all maps to its end.

    `encoder_weights` is a name or file of the encoder's weights; by default the engine looks for those that belong to
    the model. Raises UserError where a file is missing or damaged, or where the encoder is not the one that the model
    was trained with.
    """

    def __init__(self, model: Path, encoder_weights: str | Path | None = None) -> None:
        self.generator, self.recipe = load_model_file(model)
        self.encoder = load_needed_encoder(
            self.recipe.encoder, self.recipe.encoder_fingerprint, encoder_weights
        )
        check_encoder(model, self.recipe, self.encoder)
        target, identity = (tf.TensorSpec(shape, "float32") for shape in self.generator.input_shape)
        crops = tf.TensorSpec(target.shape, tf.uint8)
        self._swap_graph = tf.function(self.swap, autograph=False).get_concrete_function(crops, identity)
        self._embed_graph = self.encoder.graph  # traced now, so that no thread has to do it later

    def swap(self, crops: keras.KerasTensor, identities: keras.KerasTensor) -> keras.KerasTensor:
        """Makes swapped crops uint8 from target crops uint8 [B, S, S, 3] and identities [B, W]; a tensor function.

        If there is only one identity (batch 1), every target gets it.
        """
        return as_crops(self.generator([as_pictures(crops), identities], training=False))

    def swap_crops(self, crops: np.ndarray, identities: np.ndarray) -> np.ndarray:
        """Runs `swap` on arrays with as many identities as crops; raises ValueError for another size or type."""
        expected = (
            (len(crops), *self.generator.input_shape[0][1:]),
            (len(crops), *self.generator.input_shape[1][1:]),
        )
        if (crops.shape, identities.shape) != expected or crops.dtype != np.uint8:
            raise ValueError(
                f"`crops` and `identities` must be uint8 {expected[0]} and {expected[1]}. Received: {crops.dtype} "
                f"{crops.shape} and {identities.shape}"
            )
        return in_parts(self._swap_graph, crops, identities.astype(np.float32, copy=False))

    def embed_crops(self, crops: np.ndarray) -> np.ndarray:
        """Computes raw embeddings float32 [B, W] of aligned crops uint8 [B, S, S, 3] of the encoder's own size."""
        return in_parts(self._embed_graph, crops)


def check_encoder(model: Path, recipe: ModelRecipe, encoder: Encoder) -> None:
    """Raises UserError if `model` was trained with other weights of the encoder: it would not recognise the faces."""
    if recipe.encoder_fingerprint and recipe.encoder_fingerprint != encoder.fingerprint:
        raise UserError(
            f"{model} was trained with other weights of the encoder {recipe.encoder} (fingerprint "
            f"{recipe.encoder_fingerprint[:12]}, not {encoder.fingerprint[:12]}); name those it was trained with"
        )
