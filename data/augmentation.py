"""Stateless augmentation of batches: the same (seed, role, sample or batch) gives the same pictures on any machine.

Pictures are float32 [b, S, S, 3] NHWC RGB in [-1, 1], after self-swap copying. Each builder takes its strengths as
plain arguments and returns a function for `build_dataset(augmentation=…)`. Source and target of a self-swap pair may
differ in colour. They may not differ in geometry: the pair would ask the generator to undo a movement that it cannot
see. What covers a face moves with it.
"""

import numpy as np
import tensorflow as tf

from data.occlusion import DRAWS, lay_over
from data.pipeline import Augmentation, take_where
from data.stream import role_seed

TARGET_ROLE, SOURCE_ROLE, GEOMETRY_ROLE, SOURCE_GEOMETRY_ROLE = 10, 11, 12, 13
OCCLUDER_ROLE, SOURCE_OCCLUDER_ROLE = 14, 15
_LUMA = (0.299, 0.587, 0.114)


def released_augmentation(
    brightness: float = 0.3,
    contrast: tuple[float, float] = (0.9, 1.1),
    saturation: tuple[float, float] | None = (0.9, 1.1),
) -> Augmentation:
    """Builds the augmentation of the released training, quirks included (docs/method.md, section 7.3).

    All targets of a global batch share one draw, and all its sources share another. Brightness is added on the [-1, 1]
    scale, then tf.image changes contrast and saturation; nothing is clipped or flipped. tf.image's saturation is made
    for [0, 1]: where a channel of a [-1, 1] picture is negative, it raises the channel to 0 or turns the pixel grey,
    so the darker half of a picture changes far beyond the stated factors. The released training did this, and so it is
    done here; `saturation=None` leaves that step out. Other recipes use `colour_and_geometry_augmentation`.
    """

    def light(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        draws = tf.random.stateless_uniform([3], seed)
        pictures = tf.image.adjust_brightness(pictures, brightness * (2.0 * draws[0] - 1.0))
        pictures = tf.image.adjust_contrast(pictures, contrast[0] + (contrast[1] - contrast[0]) * draws[1])
        if saturation is None:
            return pictures
        return tf.image.adjust_saturation(
            pictures, saturation[0] + (saturation[1] - saturation[0]) * draws[2]
        )

    def augment(
        target: tf.Tensor,
        source: tf.Tensor,
        self_swap: tf.Tensor,
        sample: tf.Tensor,
        batch: tf.Tensor,
        seed: int,
    ) -> dict[str, tf.Tensor]:
        del self_swap, sample
        target_seed, source_seed = role_seed(seed, TARGET_ROLE, batch), role_seed(seed, SOURCE_ROLE, batch)
        return {"target": light(target, target_seed), "source": light(source, source_seed)}

    return augment


def draw_per_sample(seed: int, role: int, sample: tf.Tensor, count: int) -> tf.Tensor:
    """Draws `count` uniform numbers in [-1, 1) for each entry of `sample` int64 [b]; returns float32 [b, count]."""
    return tf.map_fn(
        lambda index: tf.random.stateless_uniform([count], role_seed(seed, role, index), -1.0, 1.0),
        sample,
        fn_output_signature=tf.TensorSpec([count], tf.float32),
    )


def jitter_colour(pictures: tf.Tensor, factors: tf.Tensor) -> tf.Tensor:
    """Changes each picture's colours by its own `factors` [b, 3] of brightness, contrast and saturation.

    The factors act as they would on pictures in [0, 1], and the result is clipped to that range. Saturation moves
    colours away from their luma, contrast moves them away from the picture's mean luma, and brightness multiplies. So
    grey stays grey, and black stays black under brightness; a saturation factor of 0 makes everything grey. One formula
    does all three. With factors b, c and s it is
    b · (mean + c · (luma + s · (p − luma) − mean)) = bcs · p + bc(1 − s) · luma + b(1 − c) · mean, to which the range
    [-1, 1] adds b − 1. It needs few passes over the three channels, and the passes are what costs time.
    """
    brightness, contrast, saturation = (factors[:, i, None, None, None] for i in range(3))
    red, green, blue = (pictures[..., i : i + 1] * _LUMA[i] for i in range(3))
    luma = red + green + blue  # [b, S, S, 1]
    mean = tf.reduce_mean(luma, axis=[1, 2], keepdims=True)  # [b, 1, 1, 1]
    grey = brightness * contrast * (1.0 - saturation) * luma + (
        brightness * (1.0 - contrast) * mean + brightness - 1.0
    )
    return tf.clip_by_value(brightness * contrast * saturation * pictures + grey, -1.0, 1.0)


def move(pictures: tf.Tensor, draws: tf.Tensor, scale: float, rotation_deg: float, shift: float) -> tf.Tensor:
    """Scales, turns and shifts each picture about its centre by `draws` [b, 4] in [-1, 1) times the strengths.

    Pictures may have any number of channels. `shift` is a fraction of the side. The picture is mirrored beyond its
    border. Interpolation is bilinear.
    """
    size_px = pictures.shape[1]
    zoom = 1.0 / (1.0 + scale * draws[:, 0])  # the op maps output to input
    angle = draws[:, 1] * (rotation_deg * 3.141592653589793 / 180.0)
    cosine, sine = zoom * tf.cos(angle), zoom * tf.sin(angle)
    centre = (size_px - 1) / 2.0
    x = centre - cosine * centre + sine * centre - shift * size_px * draws[:, 2]
    y = centre - sine * centre - cosine * centre - shift * size_px * draws[:, 3]
    zero = tf.zeros_like(zoom)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=pictures,
        transforms=tf.stack([cosine, -sine, x, sine, cosine, y, zero, zero], axis=1),  # [b, 8]
        output_shape=[size_px, size_px],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )


def mirror(pictures: tf.Tensor, flags: tf.Tensor) -> tf.Tensor:
    """Exchanges left and right in the pictures where `flags` bool [b] is true."""
    return take_where(flags, tf.reverse(pictures, axis=[2]), pictures)


def check_strengths(**strengths: float) -> None:
    """Raises ValueError for strengths of `colour_and_geometry_augmentation` outside sane ranges."""
    tops = {"scale": 0.5, "rotation_deg": 45.0, "shift": 0.25}
    for name, value in strengths.items():
        if not 0.0 <= value <= tops.get(name, 1.0):
            raise ValueError(f"`{name}` must be in [0, {tops.get(name, 1.0)}]. Received: {name}={value}")


def colour_and_geometry_augmentation(
    brightness: float = 0.2,
    contrast: float = 0.15,
    saturation: float = 0.2,
    grey: float = 0.0,
    flip: bool = False,
    scale: float = 0.0,
    rotation_deg: float = 0.0,
    shift: float = 0.0,
    occluded: float = 0.0,
    sprites: np.ndarray | None = None,
) -> Augmentation:
    """Builds the augmentation of our own recipes: every sample has its own draws, and colours stay within the range.

    Colour factors are 1 ± the strengths. A share `grey` of the pictures loses its colours, each picture independently.
    `flip` mirrors target and source independently, but a self-swap pair together. `scale`, `rotation_deg` and `shift`
    (a fraction of the side) move the target a little, and the source of a self-swap pair by the same amount; other
    sources stay aligned, because their embedding counts.

    A share `occluded` of the targets is covered by one of the `sprites` (see `data.occlusion`), before everything else.
    The same share of the sources is too, by sprites of their own: the discriminator sees sources as real pictures, and
    must not learn that only swapped faces are covered. A self-swap's source is covered like its target. So identities
    have to come from embeddings of the bare pictures.

    Raises ValueError for strengths outside sane ranges, and for a share without sprites.
    """
    check_strengths(
        brightness=brightness, contrast=contrast, saturation=saturation, grey=grey, scale=scale,
        rotation_deg=rotation_deg, shift=shift, occluded=occluded,
    )  # fmt: skip
    if occluded and sprites is None:
        raise ValueError(f"`occluded` needs `sprites`. Received: occluded={occluded}, sprites=None")
    pool = tf.constant(sprites) if occluded else None

    def colour_factors(seed: int, role: int, sample: tf.Tensor) -> tf.Tensor:
        draws = draw_per_sample(seed, role, sample, 4)
        factors = 1.0 + draws[:, :3] * [brightness, contrast, saturation]
        return tf.where(draws[:, 3:] < 2.0 * grey - 1.0, factors * [1.0, 1.0, 0.0], factors)

    def augment(
        target: tf.Tensor,
        source: tf.Tensor,
        self_swap: tf.Tensor,
        sample: tf.Tensor,
        batch: tf.Tensor,
        seed: int,
    ) -> dict[str, tf.Tensor]:
        del batch
        pair, extra = self_swap > 0, {}
        if occluded:
            target, extra["occluder"] = lay_over(
                target, pool, draw_per_sample(seed, OCCLUDER_ROLE, sample, DRAWS), occluded
            )
            draws = draw_per_sample(seed, SOURCE_OCCLUDER_ROLE, sample, DRAWS)
            source = take_where(pair, target, lay_over(source, pool, draws, occluded)[0])
        if flip or scale or rotation_deg or shift:
            draws = draw_per_sample(seed, GEOMETRY_ROLE, sample, 5)
            if scale or rotation_deg or shift:
                target = move(target, draws, scale, rotation_deg, shift)
                extra = {
                    name: move(value, draws, scale, rotation_deg, shift) for name, value in extra.items()
                }
                source = take_where(pair, target, source)  # the same picture, with the same movement
            if flip:
                target_flags = draws[:, 4] > 0
                source_flags = draw_per_sample(seed, SOURCE_GEOMETRY_ROLE, sample, 1)[:, 0] > 0
                target = mirror(target, target_flags)
                extra = {name: mirror(value, target_flags) for name, value in extra.items()}
                source = mirror(source, tf.where(pair, target_flags, source_flags))
        if brightness or contrast or saturation or grey:
            target = jitter_colour(target, colour_factors(seed, TARGET_ROLE, sample))
            source = jitter_colour(source, colour_factors(seed, SOURCE_ROLE, sample))
        return {"target": target, "source": source, **extra}

    return augment
