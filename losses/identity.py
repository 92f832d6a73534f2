"""Identity losses: the swapped face must resemble the source (paper, section 3.3) and not the target (ours)."""

import keras
from keras import ops

from losses.cosine import cosine_distance


def identity_loss(
    source_embedding: keras.KerasTensor, swapped_embedding: keras.KerasTensor
) -> keras.KerasTensor:
    """Computes 1 − cos(F(X_s), F(X_c)): embeddings `[B, W]` of source and swapped face → `[B]`."""
    return cosine_distance(source_embedding, swapped_embedding)


def identity_contrast_loss(
    source_embedding: keras.KerasTensor,
    target_embedding: keras.KerasTensor,
    swapped_embedding: keras.KerasTensor,
) -> keras.KerasTensor:
    """Computes max(0, cos(F(X_t), F(X_c)) − cos(F(X_t), F(X_s))): three `[B, W]` embeddings → `[B]`, in [0, 2].

    This is how much more the swapped face resembles the target than the source does: what remains of the target's
    identity. It is not in the paper, whose identity loss alone leaves the target's traits where they cost little. It is
    0 where source and target have one embedding, as in a self-swap.
    """
    target_to_source = cosine_distance(target_embedding, source_embedding)
    target_to_swapped = cosine_distance(target_embedding, swapped_embedding)
    return ops.maximum(target_to_source - target_to_swapped, 0.0)
