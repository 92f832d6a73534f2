"""A small encoder with SFace's input, width and block names, for tests of what is around an encoder."""

from functools import cache

import keras
import numpy as np

from facedancer_tf.weights.identity_encoder import Encoder
from networks.encoders import ENCODERS


@cache
def stub_encoder() -> Encoder:
    """Random features of a coarse picture; the same weights in every process."""
    description, rng = ENCODERS["sface"], np.random.default_rng(0)
    pictures = keras.Input((description.size_px, description.size_px, 3))
    features = keras.layers.Rescaling(1 / 127.5, -1)(keras.layers.AveragePooling2D(8)(pictures))
    for block in reversed(description.ifsr_blocks):
        features = keras.layers.Conv2D(6, 1, activation="tanh", name=block)(features)
    embedding = keras.layers.Dense(description.width, name="embedding")(keras.layers.Flatten()(features))
    network = keras.Model(pictures, embedding, name="stub_encoder")
    # Embeddings are about as long as SFace's.
    network.set_weights([rng.normal(0, 0.7 if w.ndim == 4 else 0.05, w.shape) for w in network.get_weights()])
    return Encoder(network, description)
