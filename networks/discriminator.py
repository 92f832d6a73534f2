"""Discriminators: the patch discriminator (default) and the released image-level one (docs/method.md, section 3).

Conventions: pictures are NHWC, RGB, [-1, 1]; outputs are logits in float32, positive for real. The same networks
without fast layers: `networks.reference`.
"""

import keras

from networks.blocks import check_filters, conv, down_block, leaky, output_dtype

TRUNK_WIDTHS = (2, 4, 8, 8, 8, 8)  # of the six residual down blocks, in multiples of the base filters


def _trunk(
    size_px: int, base_filters: int, down_blocks: int, dtype: str
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    check_filters(base_filters)
    picture = keras.Input((size_px, size_px, 3), name="picture")
    x = conv(picture, base_filters, 3, "stem", dtype)  # [B, S, S, f]
    for i, width in enumerate(TRUNK_WIDTHS[:down_blocks], start=1):
        x = down_block(
            x, width * base_filters, f"down_{size_px >> i}", dtype, convs=2
        )  # [B, S/2^i, S/2^i, width·f]
    return picture, x


def _head(x: keras.KerasTensor, filters: int, kernel_px: int, padding: str, dtype: str) -> keras.KerasTensor:
    x = conv(x, filters, kernel_px, "head", dtype, padding)
    x = leaky(x, "head_leaky", dtype)
    return conv(x, 1, 1, "logits", output_dtype(dtype))


def patch_map_px(size_px: int, down_blocks: int = 4) -> int:
    """Computes height and width of the patch discriminator's map of logits: the picture's, halved by each block.

    >>> patch_map_px(256)
    16
    """
    return size_px >> down_blocks


def check_patch(size_px: int, down_blocks: int) -> None:
    """Raises ValueError if the patch discriminator's trunk cannot halve the picture that often."""
    if (
        not 1 <= down_blocks <= len(TRUNK_WIDTHS)
        or size_px % (1 << down_blocks)
        or size_px >> down_blocks < 2
    ):
        raise ValueError(
            f"`size_px` must be a multiple of 2^down_blocks (1 to {len(TRUNK_WIDTHS)}), with a map of 2 or more. "
            f"Received: size_px={size_px}, down_blocks={down_blocks}"
        )


def check_image(size_px: int) -> None:
    """Raises ValueError if the image discriminator's trunk cannot halve the picture six times."""
    if size_px % 64 or not 64 <= size_px <= 1024:
        raise ValueError(f"`size_px` must be a multiple of 64 from 64 to 1024. Received: size_px={size_px}")


def build_patch_discriminator(
    size_px: int = 256, base_filters: int = 64, down_blocks: int = 4, dtype: str = "float32"
) -> keras.Model:
    """Builds the patch discriminator: the released trunk, stopped after `down_blocks`, and a logit for every place.

    Args:
        size_px: height and width of the pictures.
        base_filters: channels at full resolution; deeper maps have up to eight times as many (released: 64).
        down_blocks: number of residual blocks, each of which halves the map, 1 to 6.
        dtype: Keras dtype policy, "float32" or "mixed_bfloat16".

    Returns:
        Model `[B, S, S, 3]` → `[B, M, M, 1]` with M = `patch_map_px(S, down_blocks)`.

    Raises:
        ValueError: if the picture cannot be halved that often.

    >>> build_patch_discriminator(size_px=64, base_filters=4).output_shape
    (None, 4, 4, 1)
    """
    check_patch(size_px, down_blocks)
    picture, x = _trunk(size_px, base_filters, down_blocks, dtype)
    logits = _head(x, TRUNK_WIDTHS[down_blocks - 1] * base_filters, 3, "same", dtype)  # [B, M, M, 1]
    return keras.Model(picture, logits, name="patch_discriminator")


def build_image_discriminator(
    size_px: int = 256, base_filters: int = 64, dtype: str = "float32"
) -> keras.Model:
    """Builds the released image-level discriminator: six down blocks, a convolution over the whole map, one logit.

    The arguments are those of `build_patch_discriminator`.

    Returns:
        Model `[B, S, S, 3]` → `[B, 1, 1, 1]`; 23,972,353 parameters at 256 px and 64 base filters.

    Raises:
        ValueError: if the picture cannot be halved six times.

    >>> build_image_discriminator(size_px=64, base_filters=4).output_shape
    (None, 1, 1, 1)
    """
    check_image(size_px)
    picture, x = _trunk(size_px, base_filters, len(TRUNK_WIDTHS), dtype)
    logits = _head(
        x, TRUNK_WIDTHS[-1] * base_filters, size_px >> len(TRUNK_WIDTHS), "valid", dtype
    )  # [B, 1, 1, 1]
    return keras.Model(picture, logits, name="image_discriminator")
