"""Lays sprites over pictures inside tf.data: hands, hair, masks and so on that cover part of a face in training.

Sprites are those of `data.occluders.sprites`, uint8 RGBA [N, P, P, 4], drawn for crops that are aligned without
shrinking. Pictures are float32 [b, S, S, 3] in [-1, 1].
"""

import tensorflow as tf

DRAWS = 10  # what `lay_over` takes for each picture
_SCALE, _SHIFT = 0.12, 0.05  # sprites are moved less than faces are: glasses belong on eyes
_BRIGHTNESS, _TINT = 0.3, 0.1


def lay_over(
    pictures: tf.Tensor, sprites: tf.Tensor, draws: tf.Tensor, share: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Lays a sprite over a `share` of the pictures, as `draws` [b, 10] in [-1, 1) say.

    The sprite is any of them, mirrored or not, a little moved, scaled and recoloured. Returns the pictures and the
    occluder float32 [b, S, S, 1]: 1 where nothing but the occluder is seen, 0 where it lets through half or more, as
    shadows and clear lenses do. Pictures without a sprite stay bit by bit what they were, and their occluder is 0.
    """
    count, sprite_px = sprites.shape[0], sprites.shape[1]
    index = tf.cast((draws[:, 1] + 1.0) * (count / 2.0), tf.int32)
    drawn = tf.cast(tf.gather(sprites, tf.minimum(index, count - 1)), tf.float32) / 255.0  # [b, P, P, 4]
    light = (1.0 + _BRIGHTNESS * draws[:, 2:3]) * (1.0 + _TINT * draws[:, 3:6])
    colours = tf.minimum(drawn[..., :3] * light[:, None, None, :], 1.0) * 2.0 - 1.0
    here = tf.cast(draws[:, 0] < 2.0 * share - 1.0, tf.float32)
    opacity = drawn[..., 3:] * here[:, None, None, None]
    placed = _place(tf.concat([colours * opacity, opacity], -1), draws[:, 6:], sprite_px, pictures.shape[1])
    opacity = placed[..., 3:]  # [b, S, S, 1]
    return pictures * (1.0 - opacity) + placed[..., :3], tf.maximum(2.0 * opacity - 1.0, 0.0)


def _place(sprites: tf.Tensor, draws: tf.Tensor, sprite_px: int, size_px: int) -> tf.Tensor:
    """Mirrors, scales and shifts premultiplied sprites by `draws` [b, 4]; beyond its border a sprite goes on."""
    zoom = (sprite_px / size_px) / (1.0 + _SCALE * draws[:, 1])  # the op maps output to input
    zoom_x = tf.where(draws[:, 0] < 0.0, -zoom, zoom)
    centre, centre_out = (sprite_px - 1) / 2.0, (size_px - 1) / 2.0
    x = centre - zoom_x * (centre_out + _SHIFT * size_px * draws[:, 2])
    y = centre - zoom * (centre_out + _SHIFT * size_px * draws[:, 3])
    zero = tf.zeros_like(zoom)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=sprites,
        transforms=tf.stack([zoom_x, zero, x, zero, zoom, y, zero, zero], axis=1),  # [b, 8]
        output_shape=[size_px, size_px],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )
