"""Makes random views: the identity encoder sees a target and its swapped face moved, mirrored, scaled and blurred.

A generator easily finds patterns that please the one encoder that trains it and mean nothing to any other encoder. A
pattern that must also please this encoder in other views has to be more of a face. Views are drawn statelessly per
sample.
"""

from collections.abc import Callable

import tensorflow as tf

from data.augmentation import draw_per_sample
from facedancer_tf.training.config_sections import ViewsConfig

VIEW_ROLE = 20
# pictures [b, S, S, 3] and output_px -> [b, output_px, output_px, 3]
Views = Callable[[tf.Tensor, int], tf.Tensor]


def random_views(settings: ViewsConfig, seed: int, batch: dict) -> Views | None:
    """Builds the function from pictures float32 [b, S, S, 3] to views of them [b, output_px, output_px, 3].

    Returns None where the settings ask for no views. The function is linear: it takes two matrix products per sample,
    whose rows are the kernels of a bilinear resize, made wider to blur. With very small strengths it is that resize.
    Every view follows from `seed` and the sample's global index in `batch`, so that a target and its swapped face are
    seen in the same view.
    """
    if settings == ViewsConfig():
        return None
    draws = draw_per_sample(seed, VIEW_ROLE, batch["sample"], 5)
    zoom = 1.0 / (1.0 + settings.scale * draws[:, 0])
    direction = tf.where(draws[:, 3] > 0.0, -1.0, 1.0) if settings.flip else tf.ones_like(zoom)
    reach = 1.0 + (settings.blur_px - 1.0) * (draws[:, 4] + 1.0) / 2.0

    def resample(pictures: tf.Tensor, output_px: int) -> tf.Tensor:
        size_px = pictures.shape[1]
        rows = _kernels(size_px, output_px, zoom, settings.shift * draws[:, 1], reach)
        columns = _kernels(size_px, output_px, zoom * direction, settings.shift * draws[:, 2], reach)
        pictures = tf.einsum("byh,bhwc->bwyc", rows, pictures)
        return tf.einsum("bxw,bwyc->byxc", columns, pictures)

    return resample


def _kernels(size_px: int, output_px: int, zoom: tf.Tensor, shift: tf.Tensor, reach: tf.Tensor) -> tf.Tensor:
    """Builds the rows [b, output_px, S] of one of the two products.

    Each row is a triangle of sum 1 about the place where its output pixel looks; its half width is `reach` [b] px.
    """
    centred = (tf.range(output_px, dtype=tf.float32) + 0.5) / output_px - 0.5
    looks_at = (zoom[:, None] * centred + shift[:, None] + 0.5) * size_px - 0.5
    looks_at = tf.clip_by_value(looks_at, 0.0, size_px - 1.0)
    distance = tf.abs(looks_at[..., None] - tf.range(size_px, dtype=tf.float32))
    weights = tf.maximum(1.0 - distance / reach[:, None, None], 0.0)
    return weights / tf.reduce_sum(weights, axis=-1, keepdims=True)
