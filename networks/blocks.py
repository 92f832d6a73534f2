"""Residual blocks and fusions of the FaceDancer networks, made of the fast layers of `networks.layers`.

Conventions: NHWC; a block's `name` is the prefix of its layers' names; `dtype` is a Keras dtype policy. The same blocks
without fast layers: `networks.reference`.
"""

from collections.abc import Callable
from typing import TypeAlias

import keras
from keras import layers

from networks.layers import (
    AffaGate,
    InstanceNormalization,
    MaskConv2D,
    PictureConv2D,
    PooledConv2D,
    UpsampledSum,
)

LEAKY_SLOPE = 0.2
FUSIONS = ("no_skip", "add", "concat", "affa", "d_affa", "do_affa")
WIDEST = 1024  # base filters: 16 times the released ones; beyond it a number is a slip, or a file's lie

Tensor: TypeAlias = keras.KerasTensor


def check_filters(base_filters: int) -> None:
    """Raises ValueError for a number of base filters that no network here has."""
    if not 1 <= base_filters <= WIDEST:
        raise ValueError(f"`base_filters` must be 1 to {WIDEST}. Received: base_filters={base_filters}")


def output_dtype(dtype: str) -> str:
    """Names the dtype of a network's output: float32, or float64 in a network whose policy is "float64"."""
    return "float64" if dtype == "float64" else "float32"


def leaky(x: Tensor, name: str, dtype: str) -> Tensor:
    """Applies LeakyReLU with the released slope."""
    return layers.LeakyReLU(LEAKY_SLOPE, name=name, dtype=dtype)(x)


def conv(x: Tensor, filters: int, kernel_px: int, name: str, dtype: str, padding: str = "same") -> Tensor:
    """Applies a square convolution with a bias, stride 1: `[B, H, W, C]` → `[B, H, W, filters]`."""
    return layers.Conv2D(filters, kernel_px, padding=padding, name=name, dtype=dtype)(x)


def norm(x: Tensor | list[Tensor], name: str, dtype: str, negative_slope: float = LEAKY_SLOPE) -> Tensor:
    """Applies instance normalisation and LeakyReLU, with AdaIN between them if x is [features, scale, shift]."""
    return InstanceNormalization(negative_slope, name=name, dtype=dtype)(x)


def down_block(
    x: Tensor, filters: int, name: str, dtype: str, convs: int = 1, resample: bool = True
) -> Tensor:
    """Applies the residual block that halves height and width.

    Main path: norm, LeakyReLU, 3×3 convolution, pooling; with `convs=2` (the discriminator's block) once more norm,
    LeakyReLU and 3×3 convolution after the pooling. Skip path: 1×1 convolution, pooling.

    Args:
        x: features `[B, H, W, C]`.
        filters: number of output channels.
        convs: number of convolutions on the main path: 1 in the generator, 2 in the discriminator.
        resample: whether the block pools; without pooling it keeps height and width.

    Returns:
        `[B, H/2, W/2, filters]`, or `[B, H, W, filters]` without `resample`.
    """
    kind = PooledConv2D if resample else layers.Conv2D
    main = norm(x, f"{name}_norm", dtype)
    main = kind(filters, 3, padding="same", name=f"{name}_conv", dtype=dtype)(main)
    if convs == 2:
        main = norm(main, f"{name}_norm_1", dtype)
        main = conv(main, filters, 3, f"{name}_conv_1", dtype)
    skip = kind(filters, 1, padding="same", name=f"{name}_skip", dtype=dtype)(x)
    return layers.Add(name=name, dtype=dtype)([main, skip])


def identity_block(
    x: Tensor,
    identity: Tensor | None,
    filters: int,
    name: str,
    dtype: str,
    upsample: bool,
    closing_dtype: str | None = None,
) -> Tensor:
    """Applies the residual block that writes the identity into the features by AdaIN (docs/method.md, section 2.4).

    Args:
        x: decoder features `[B, H, W, C]`.
        identity: mapped identity `[B, W_id]`. None leaves AdaIN out: then the norm's gamma and beta hold one identity
            (`networks.baked_identity`).
        filters: number of output channels.
        upsample: whether the block doubles height and width.
        closing_dtype: dtype policy of the closing sum, and so of the output; `dtype` if None.

    Returns:
        `[B, 2H, 2W, filters]`, or `[B, H, W, filters]` without `upsample`.
    """
    if identity is None:
        main = norm(x, f"{name}_norm", dtype)
    else:
        channels = x.shape[-1]
        scale = layers.Dense(channels, name=f"{name}_adain_scale", dtype=dtype)(identity)
        shift = layers.Dense(channels, name=f"{name}_adain_shift", dtype=dtype)(identity)
        main = norm([x, scale, shift], f"{name}_norm", dtype)
    kind = PictureConv2D if filters == 3 else layers.Conv2D
    main = kind(filters, 3, padding="same", name=f"{name}_conv", dtype=dtype)(main)
    skip = kind(filters, 1, padding="same", name=f"{name}_skip", dtype=dtype)(x)
    closing = UpsampledSum if upsample else layers.Add
    return closing(name=name, dtype=closing_dtype or dtype)([main, skip])


def _mask(concatenated: Tensor, hidden: int, filters: int, name: str, dtype: str) -> Tensor:
    """Applies the attention network of AFFA: `[B, H, W, 2C]` → mask in (0, 1), `[B, H, W, filters]`."""
    m = conv(concatenated, hidden, 3, f"{name}_hidden", dtype)
    m = leaky(m, f"{name}_leaky", dtype)
    m = norm(m, f"{name}_norm", dtype, negative_slope=1)
    return MaskConv2D(filters, 1, name=f"{name}_mask_conv", dtype=dtype)(m)


def _affa(target: Tensor, decoder: Tensor, name: str, dtype: str) -> Tensor:
    both = layers.Concatenate(name=f"{name}_concat", dtype=dtype)([target, decoder])
    channels = target.shape[-1]
    mask = _mask(both, max(channels // 4, 1), channels, name, dtype)
    return AffaGate(name=name, dtype=dtype)([target, decoder, mask])


def _do_affa(target: Tensor, decoder: Tensor, name: str, dtype: str) -> Tensor:
    both = layers.Concatenate(name=f"{name}_concat", dtype=dtype)([target, decoder])
    channels = target.shape[-1]
    per_channel = _mask(both, channels, channels, f"{name}_channel", dtype)
    per_pixel = _mask(both, channels, 1, f"{name}_hat", dtype)
    mask = layers.Multiply(name=f"{name}_mask", dtype=dtype)([per_channel, per_pixel])
    return AffaGate(name=name, dtype=dtype)([target, decoder, mask])


def _d_affa(target: Tensor, decoder: Tensor, name: str, dtype: str) -> Tensor:
    first = _affa(target, decoder, f"{name}_0", dtype)
    return _affa(target, first, f"{name}_1", dtype)


def fuse(kind: str, target: Tensor, decoder: Tensor, name: str, dtype: str) -> Tensor:
    """Fuses an encoder feature of the target with the decoder feature of the same size.

    Args:
        kind: one of `FUSIONS` (paper, section 3.2 and figure 3; docs/method.md, section 2.5). `add`, `concat` and
            `no_skip` are the baselines.
        target: encoder feature `[B, H, W, C]`.
        decoder: decoder feature `[B, H, W, C]`.

    Returns:
        `[B, H, W, C]`, for `concat` `[B, H, W, 2C]`.
    """
    if kind == "no_skip":
        return decoder
    if kind == "add":
        return layers.Add(name=f"{name}_add", dtype=dtype)([target, decoder])
    if kind == "concat":
        return layers.Concatenate(name=f"{name}_concat", dtype=dtype)([target, decoder])
    attention: dict[str, Callable[[Tensor, Tensor, str, str], Tensor]] = {
        "affa": _affa, "d_affa": _d_affa, "do_affa": _do_affa,
    }  # fmt: skip
    return attention[kind](target, decoder, f"{name}_affa", dtype)
