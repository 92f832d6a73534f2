"""Perturbed identities: which identities training asks for beyond those of its pictures. Drawn statelessly per sample.

Noise: synthetic faces fill a part only of the directions in which an encoder tells real people apart, and a generator
soon ignores the others. Noise in all directions asks for them too.

Length: the embeddings of real people are also longer (SFace: 13) than those of synthetic ones (11), and a generator
that never saw such lengths exaggerates. So lengths vary, those of self-swaps too.
"""

import tensorflow as tf

from data.augmentation import draw_per_sample

IDENTITY_ROLE = 21


def perturb_identities(
    embeddings: tf.Tensor, noise: float, length: float, seed: int, batch: dict
) -> tf.Tensor:
    """Turns the sources' `embeddings` [b, W] towards random directions and makes them longer or shorter.

    To all but self-swaps a random direction is added, at a length between 0 and `noise` times the embedding's. The
    result is as long as the embedding was, times a factor between 1 / (1 + `length`) and 1 + `length`.
    """
    width = embeddings.shape[1]
    drawn = draw_per_sample(seed, IDENTITY_ROLE, batch["sample"], width + 2)
    direction = tf.math.l2_normalize(drawn[:, :width], axis=1)
    share = (1.0 - batch["self_swap"]) * noise * (drawn[:, width] + 1.0) / 2.0
    lengths = tf.norm(embeddings, axis=1, keepdims=True)
    turned = embeddings + share[:, None] * lengths * direction
    return lengths * tf.pow(1.0 + length, drawn[:, width + 1 :]) * tf.math.l2_normalize(turned, axis=1)
