"""Identity losses: the swapped face's embedding against the source's (paper, section 3.3) and against the target's."""

import keras
from keras import ops

from losses.cosine import cosine_distance


def identity_loss(
    source_embedding: keras.KerasTensor, swapped_embedding: keras.KerasTensor
) -> keras.KerasTensor:
    """1 − cos(F(X_s), F(X_c)): two `[B, W]` embeddings → `[B]`."""
    return cosine_distance(source_embedding, swapped_embedding)


def identity_contrast_loss(
    source_embedding: keras.KerasTensor,
    target_embedding: keras.KerasTensor,
    swapped_embedding: keras.KerasTensor,
) -> keras.KerasTensor:
    """max(0, cos(F(X_t), F(X_c)) − cos(F(X_t), F(X_s))): three `[B, W]` embeddings → `[B]`, in [0, 2].

    What is left of the target's identity beyond what the source shares with it: an addition to the paper, whose
    identity loss alone leaves the target's traits where they cost little. 0 where both are one embedding (a self-swap).
    """
    allowed = cosine_distance(target_embedding, source_embedding)
    return ops.maximum(allowed - cosine_distance(target_embedding, swapped_embedding), 0.0)
