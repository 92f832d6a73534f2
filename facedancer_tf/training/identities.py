"""Perturbs identities, so that training also asks for identities that its pictures do not have.

Perturbations are drawn statelessly per sample.

Noise: synthetic faces fill only a part of the directions in which an encoder tells real people apart, and a generator
soon ignores the other directions. Noise in all directions makes training ask for these too.

Length: the embeddings of real people are also longer (SFace: 13) than those of synthetic people (11), and a generator
that never saw such lengths exaggerates. So the lengths vary, also those of self-swaps.
"""

import tensorflow as tf

from data.augmentation import draw_per_sample

IDENTITY_ROLE = 21
LARGEST_DRAW = 1.0 - 1e-6  # of a uniform draw in [-1, 1): beyond it the normal one is infinite


def perturb_identities(
    embeddings: tf.Tensor, noise: float, length: float, seed: int, batch: dict
) -> tf.Tensor:
    """Turns the sources' `embeddings` [b, W] towards random directions and makes them longer or shorter.

    Every embedding except those of self-swaps gets a random direction added, with a length between 0 and `noise` times
    the embedding's own. The result is as long as the embedding was, times a factor between 1 / (1 + `length`) and
    1 + `length`.
    """
    width = embeddings.shape[1]
    draws = draw_per_sample(seed, IDENTITY_ROLE, batch["sample"], width + 2)
    # Normal numbers, for they favour no direction; uniform ones favour the corners of their cube.
    normal = tf.math.erfinv(tf.clip_by_value(draws[:, :width], -LARGEST_DRAW, LARGEST_DRAW))
    direction = tf.math.l2_normalize(normal, axis=1)
    share = (1.0 - batch["self_swap"]) * noise * (draws[:, width] + 1.0) / 2.0
    lengths = tf.norm(embeddings, axis=1, keepdims=True)
    noisy = embeddings + share[:, None] * lengths * direction
    return lengths * tf.pow(1.0 + length, draws[:, width + 1 :]) * tf.math.l2_normalize(noisy, axis=1)
