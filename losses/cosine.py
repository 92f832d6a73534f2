"""Cosine distance, the measure of identity (paper, eq. 4) and of IFSR's features (eq. 8)."""

import keras
from keras import ops

EPSILON = 1e-12  # of the squared norm: keeps the gradient of an all-zero feature finite


def cosine_distance(a: keras.KerasTensor, b: keras.KerasTensor) -> keras.KerasTensor:
    """Computes 1 − cos(vec a, vec b) per sample: two `[B, …]` → `[B]`, float32 in [0, 2]."""
    batch = ops.shape(a)[0]
    a = ops.reshape(ops.cast(a, "float32"), (batch, -1))
    b = ops.reshape(ops.cast(b, "float32"), (batch, -1))
    dot = ops.sum(a * b, axis=1)
    norms = ops.sqrt((ops.sum(a * a, axis=1) + EPSILON) * (ops.sum(b * b, axis=1) + EPSILON))
    return 1.0 - dot / norms
