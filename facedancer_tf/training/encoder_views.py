"""What the identity encoder sees in training, and which identities are asked for. Drawn statelessly per sample.

Random views, the same of a target and its swapped picture: a generator easily finds patterns that please the one
encoder that trains it and mean nothing to any other. A pattern that must also please it moved, mirrored, scaled and
blurred has to be more of a face.

The pasted face: what a swap puts at the crop's rim (forehead, hair, background) pleases the encoder and is thrown away
when the face is pasted back. Where the encoder sees it pasted, the identity has to lie in what stays.

Identity noise: synthetic faces fill a part only of the directions in which an encoder tells real people apart, and a
generator soon ignores the others. Noise in all directions asks for them too.

Identity length: real people's embeddings are also longer (SFace: 13) than those of synthetic faces (11), and a
generator that never saw such lengths exaggerates. So lengths vary, those of self-swaps too.
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from data.augmentation import draw_per_sample
from facedancer_tf.swapping.paste import face_mask
from facedancer_tf.training.config_sections import ViewsConfig

VIEW_ROLE, IDENTITY_ROLE = 20, 21
Resample = Callable[[tf.Tensor], tf.Tensor]


def random_views(settings: ViewsConfig, seed: int, batch: dict, output_px: int) -> Resample | None:
    """Gives the function from pictures float32 [b, S, S, 3] to views of them [b, output_px, output_px, 3], linear.

    Every view follows from `seed` and the sample's global index in `batch`. None where the settings ask for none. A
    view is two matrix products per sample, whose rows are kernels of a bilinear resize, widened to blur; without any
    strength it is that resize.
    """
    if settings == ViewsConfig():
        return None
    drawn = draw_per_sample(seed, VIEW_ROLE, batch["sample"], 5)
    zoom = 1.0 / (1.0 + settings.scale * drawn[:, 0])
    mirrored = tf.where(drawn[:, 3] > 0.0, -1.0, 1.0) if settings.flip else tf.ones_like(zoom)
    reach = 1.0 + (settings.blur_px - 1.0) * (drawn[:, 4] + 1.0) / 2.0

    def resample(pictures: tf.Tensor) -> tf.Tensor:
        size_px = pictures.shape[1]
        rows = _kernels(size_px, output_px, zoom, settings.shift * drawn[:, 1], reach)
        columns = _kernels(size_px, output_px, zoom * mirrored, settings.shift * drawn[:, 2], reach)
        pictures = tf.einsum("byh,bhwc->bwyc", rows, pictures)
        return tf.einsum("bxw,bwyc->byxc", columns, pictures)

    return resample


def _kernels(size_px: int, output_px: int, zoom: tf.Tensor, shift: tf.Tensor, reach: tf.Tensor) -> tf.Tensor:
    """Triangles of half width `reach` [b] px about where each output pixel looks, rows of sum 1: [b, output_px, S]."""
    centred = (tf.range(output_px, dtype=tf.float32) + 0.5) / output_px - 0.5
    looks_at = (zoom[:, None] * centred + shift[:, None] + 0.5) * size_px - 0.5
    looks_at = tf.clip_by_value(looks_at, 0.0, size_px - 1.0)
    distance = tf.abs(looks_at[..., None] - tf.range(size_px, dtype=tf.float32))
    weights = tf.maximum(1.0 - distance / reach[:, None, None], 0.0)
    return weights / tf.reduce_sum(weights, axis=-1, keepdims=True)


def paste_back(swapped: tf.Tensor, target: tf.Tensor, shrink: float) -> tf.Tensor:
    """The `swapped` crops [b, S, S, 3] in their `target` crops, by the mask that pastes them into pictures.

    shrink: the crops'.
    """
    pixels = np.arange(swapped.shape[1], dtype=np.float32)
    mask = face_mask(pixels[None, :], pixels[:, None], swapped.shape[1], shrink)
    return target + mask[..., None] * (swapped - target)


def stray_identities(
    embeddings: tf.Tensor, strength: float, length: float, seed: int, batch: dict
) -> tf.Tensor:
    """`embeddings` [b, W] of sources, all but self-swaps turned towards random directions, all made longer or shorter.

    Noise in a random direction is added, of a length between 0 and `strength` times the embedding's. What comes of it
    is as long as the embedding times a factor between 1 / (1 + `length`) and 1 + `length`.
    """
    width = embeddings.shape[1]
    drawn = draw_per_sample(seed, IDENTITY_ROLE, batch["sample"], width + 2)
    direction = tf.math.l2_normalize(drawn[:, :width], axis=1)
    share = (1.0 - batch["self_swap"]) * strength * (drawn[:, width] + 1.0) / 2.0
    lengths = tf.norm(embeddings, axis=1, keepdims=True)
    strayed = embeddings + share[:, None] * lengths * direction
    return lengths * tf.pow(1.0 + length, drawn[:, width + 1 :]) * tf.math.l2_normalize(strayed, axis=1)
