"""Identity loss (paper, section 3.3): the swapped face's embedding against the source's."""

import keras

from losses.cosine import cosine_distance


def identity_loss(
    source_embedding: keras.KerasTensor, swapped_embedding: keras.KerasTensor
) -> keras.KerasTensor:
    """1 − cos(F(X_s), F(X_c)): two `[B, W]` embeddings → `[B]`."""
    return cosine_distance(source_embedding, swapped_embedding)
