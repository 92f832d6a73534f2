"""FaceDancer's generator: encoder, mapping network, AFFA decoder (paper, section 3; docs/method.md, section 2).

Conventions: pictures are NHWC, RGB, [-1, 1]; the identity is the raw (not normalised) embedding of the source face.
The swapped face is linear, as released: nominally in [-1, 1], not clipped.

`networks.reference` holds the same network with every operation in the open: start there to understand it.
"""

from collections.abc import Sequence

import keras
from keras import layers

from networks.blocks import (
    FUSIONS,
    check_filters,
    conv,
    down_block,
    fuse,
    identity_block,
    leaky,
    output_dtype,
)

RELEASED_FUSION = ("no_skip", "no_skip", "affa", "affa", "affa", "concat")
ENCODER_WIDTHS = (1, 2, 4, 8, 8, 8)  # x0 … x5, in multiples of the base filters
DECODER_WIDTHS = (8, 8, 4, 2, 1)  # blocks 1 … 5; block 6 gives the picture
DEEPEST_MAPPING, WIDEST_VECTOR = 64, 8192  # beyond them a number is a slip, or a file's lie


def check_generator(
    size_px: int, fusion: Sequence[str], mapping_depth: int, base_filters: int = 1, **vectors: int
) -> None:
    """Raises ValueError for a size, plan, depth or width that no generator here has; `vectors` are widths by name."""
    if size_px % 32 or not 64 <= size_px <= 1024:
        raise ValueError(f"`size_px` must be a multiple of 32 from 64 to 1024. Received: size_px={size_px}")
    if len(fusion) != 6 or any(kind not in FUSIONS for kind in fusion):
        raise ValueError(f"`fusion` must name six of {', '.join(FUSIONS)}. Received: fusion={list(fusion)}")
    if not 0 <= mapping_depth <= DEEPEST_MAPPING:
        raise ValueError(
            f"`mapping_depth` must be 0 to {DEEPEST_MAPPING}. Received: mapping_depth={mapping_depth}"
        )
    check_filters(base_filters)
    for name, value in vectors.items():
        if not 1 <= value <= WIDEST_VECTOR:
            raise ValueError(f"`{name}` must be 1 to {WIDEST_VECTOR}. Received: {name}={value}")


def build_generator(
    size_px: int = 256,
    identity_width: int | None = 512,
    base_filters: int = 64,
    fusion: Sequence[str] = RELEASED_FUSION,
    mapping_depth: int = 4,
    mapping_width: int = 512,
    dtype: str = "float32",
    name: str = "generator",
) -> keras.Model:
    """Builds G(target, identity) → swapped face.

    Args:
        size_px: height and width of target and swapped face.
        identity_width: width of the identity embedding (512 for ArcFace, 128 for SFace). None leaves out the identity
            input, the mapping network and AdaIN; `networks.baked_identity` gives such a network its weights.
        base_filters: channels at full resolution; deeper maps have up to eight times as many (released: 64).
        fusion: how decoder blocks 1 … 6 fuse the encoder's features, see `networks.blocks.fuse`.
        mapping_depth: dense layers between embedding and AdaIN; 0 passes the embedding through.
        mapping_width: width of those layers.
        dtype: Keras dtype policy, "float32" or "mixed_bfloat16"; statistics and the output stay float32. For
            inference "bfloat16" gives the same and does not cast every weight in every call.
        name: name of the model.

    Returns:
        Model with inputs `[target [B, S, S, 3], identity [B, identity_width]]`, or `target` alone, and output
        `[B, S, S, 3]` float32. An identity of batch 1 serves any batch of targets.

    Raises:
        ValueError: for a size, plan or width that the network cannot have.

    >>> generator = build_generator(size_px=64, identity_width=8, base_filters=4, mapping_width=8)
    >>> target, identity = keras.ops.zeros((2, 64, 64, 3)), keras.ops.ones((2, 8))
    >>> tuple(generator([target, identity]).shape)
    (2, 64, 64, 3)
    """
    vectors = {"mapping_width": mapping_width}
    if identity_width is not None:
        vectors["identity_width"] = identity_width
    check_generator(size_px, fusion, mapping_depth, base_filters, **vectors)
    target = keras.Input((size_px, size_px, 3), name="target")
    inputs, z = target, None
    if identity_width is not None:
        z = keras.Input((identity_width,), name="identity")
        inputs = [target, z]
        for i in range(mapping_depth):
            z = layers.Dense(mapping_width, name=f"mapping_{i}", dtype=dtype)(z)  # [B, mapping_width]
            if i + 1 < mapping_depth:
                z = leaky(z, f"mapping_{i}_leaky", dtype)

    x = conv(target, base_filters, 3, "encoder_stem", dtype)  # [B, S, S, f]
    features = [x]
    for i, width in enumerate(ENCODER_WIDTHS[1:], start=1):
        x = down_block(
            x, width * base_filters, f"encoder_{size_px >> i}", dtype
        )  # [B, S/2^i, S/2^i, width·f]
        features.append(x)
    x = down_block(x, 8 * base_filters, "encoder_bottleneck", dtype, resample=False)  # [B, S/32, S/32, 8f]

    h = identity_block(x, z, 8 * base_filters, "decoder_bottleneck", dtype, upsample=False)
    for i, width in enumerate(DECODER_WIDTHS):
        block = f"decoder_{size_px >> (4 - i)}"
        h = fuse(fusion[i], features[5 - i], h, block, dtype)
        h = identity_block(
            h, z, width * base_filters, block, dtype, upsample=True
        )  # [B, S/2^(4-i), …, width·f]
    h = fuse(fusion[5], features[0], h, "decoder_final", dtype)
    swapped = identity_block(
        h, z, 3, "decoder_final", dtype, upsample=False, closing_dtype=output_dtype(dtype)
    )  # [B, S, S, 3]
    return keras.Model(inputs, swapped, name=name)


def tap_masks(generator: keras.Model) -> keras.Model:
    """Builds a model on the generator's layers that also returns every AFFA mask.

    The output is a dict: `swapped`, and the masks by name. A mask is `[B, H, W, C]` in [0, 1], 1 takes the decoder
    feature, which carries the identity. `d_affa` has two masks (`…_affa_0_mask`, `…_affa_1_mask`), `do_affa` three
    (`…_channel_mask`, `…_hat_mask` and their product).

    >>> generator = build_generator(size_px=64, identity_width=8, base_filters=4, mapping_width=8)
    >>> sorted(tap_masks(generator).output)
    ['decoder_16_affa_mask', 'decoder_32_affa_mask', 'decoder_64_affa_mask', 'swapped']
    """
    masks = {
        layer.name.removesuffix("_conv"): layer.output
        for layer in generator.layers
        if layer.name.endswith(("_mask_conv", "_mask"))
    }
    return keras.Model(
        generator.inputs, {"swapped": generator.output, **masks}, name=f"{generator.name}_with_masks"
    )
