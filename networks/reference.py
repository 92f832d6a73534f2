"""FaceDancer's networks written plainly, one Keras layer per operation, in the paper's order: read this file first.

The rest of the project computes with `networks.generator` and `networks.discriminator`. They are the same functions of
the same weights, but several operations in a row are one layer there, which is faster and harder to read. A test holds
both to be equal, gradients included (tests/networks/test_fast_layers.py). docs/method.md explains the method.

Conventions: pictures are NHWC, RGB, [-1, 1]. Names: x is a feature of the target, h a decoder feature, z the mapped
identity; B is the batch, f the base filters (64 as released). Layers with weights have the names that they have in the
fast networks. Every layer computes in Keras' global dtype policy.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import keras
from keras import layers, ops

from networks.generator import RELEASED_FUSION

Tensor: TypeAlias = keras.KerasTensor


class InstanceNormalization(layers.Layer):
    """Gives each channel of each sample mean 0 and variance 1 over height and width, then gamma and beta.

    Features `[B, H, W, C]` → `[B, H, W, C]`. The moments are written out: `tf.nn.moments` stops a gradient, which
    leaves first derivatives as they are but makes second ones, R1's, wrong by some per cent.
    """

    def __init__(self, epsilon: float = 1e-3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def build(self, input_shape: tuple) -> None:
        self.gamma = self.add_weight(name="gamma", shape=(input_shape[-1],), initializer="ones")
        self.beta = self.add_weight(name="beta", shape=(input_shape[-1],), initializer="zeros")

    def call(self, x: Tensor) -> Tensor:
        mean = ops.mean(x, axis=(1, 2), keepdims=True)  # [B, 1, 1, C]
        variance = ops.mean(ops.square(x - mean), axis=(1, 2), keepdims=True)
        scale = self.gamma * ops.rsqrt(variance + self.epsilon)
        return x * scale + (self.beta - mean * scale)

    def get_config(self) -> dict:
        return {**super().get_config(), "epsilon": self.epsilon}


class AdaIN(layers.Layer):
    """Gives every channel the scale and shift that the identity asks for: features · scale + shift.

    Features `[B, H, W, C]`, scale and shift `[B, C]` → `[B, H, W, C]`. As released, without a "1 +" on the scale.
    """

    def call(self, inputs: list) -> Tensor:
        features, scale, shift = inputs
        return features * scale[:, None, None, :] + shift[:, None, None, :]


class AffaGate(layers.Layer):
    """Mixes target and decoder feature by the mask m: (1 − m) · x + m · h, each `[B, H, W, C]` (paper, section 3.2)."""

    def call(self, inputs: list) -> Tensor:
        x, h, m = inputs
        return (1 - m) * x + m * h


def conv(x: Tensor, filters: int, kernel_px: int, name: str, padding: str = "same") -> Tensor:
    return layers.Conv2D(filters, kernel_px, padding=padding, name=name)(x)


def leaky(x: Tensor) -> Tensor:
    return layers.LeakyReLU(0.2)(x)


def down_block(x: Tensor, filters: int, name: str, convs: int = 1, resample: bool = True) -> Tensor:
    """Halves the picture, `[B, H, W, C]` → `[B, H/2, W/2, filters]`; without `resample` the size stays.

    The generator's block has one convolution on its main path, the discriminator's two.
    """
    main = leaky(InstanceNormalization(name=f"{name}_norm")(x))
    main = conv(main, filters, 3, f"{name}_conv")  # [B, H, W, filters]
    skip = conv(x, filters, 1, f"{name}_skip")
    if resample:
        main, skip = layers.AveragePooling2D(2)(main), layers.AveragePooling2D(2)(skip)
    if convs == 2:
        main = leaky(InstanceNormalization(name=f"{name}_norm_1")(main))
        main = conv(main, filters, 3, f"{name}_conv_1")
    return layers.Add()([main, skip])  # [B, H/2, W/2, filters]


def identity_block(h: Tensor, z: Tensor, filters: int, name: str, upsample: bool) -> Tensor:
    """Writes the identity into the feature by AdaIN and doubles the picture if `upsample`.

    Feature `[B, H, W, C]` and mapped identity `[B, W_id]` → `[B, 2H, 2W, filters]`.
    """
    scale = layers.Dense(h.shape[-1], name=f"{name}_adain_scale")(z)  # [B, C]
    shift = layers.Dense(h.shape[-1], name=f"{name}_adain_shift")(z)
    main = AdaIN()([InstanceNormalization(name=f"{name}_norm")(h), scale, shift])
    main = conv(leaky(main), filters, 3, f"{name}_conv")  # [B, H, W, filters]
    skip = conv(h, filters, 1, f"{name}_skip")
    if upsample:
        main, skip = (layers.UpSampling2D(2, interpolation="bilinear")(path) for path in (main, skip))
    return layers.Add()([main, skip])  # [B, 2H, 2W, filters]


def attention_mask(both: Tensor, hidden: int, filters: int, name: str) -> Tensor:
    """AFFA's attention: target and decoder feature `[B, H, W, 2C]` → mask in (0, 1), `[B, H, W, filters]`."""
    m = leaky(conv(both, hidden, 3, f"{name}_hidden"))  # [B, H, W, hidden]
    m = InstanceNormalization(name=f"{name}_norm")(m)
    return layers.Activation("sigmoid")(conv(m, filters, 1, f"{name}_mask_conv"))


def affa(x: Tensor, h: Tensor, name: str) -> Tensor:
    """Adaptive Feature Fusion Attention: one mask value per place and channel (paper, section 3.2)."""
    channels = x.shape[-1]
    both = layers.Concatenate()([x, h])
    return AffaGate()([x, h, attention_mask(both, max(channels // 4, 1), channels, name)])


def do_affa(x: Tensor, h: Tensor, name: str) -> Tensor:
    """AFFA whose mask is the product of one with C channels and one with a single channel."""
    channels = x.shape[-1]
    both = layers.Concatenate()([x, h])
    per_channel = attention_mask(both, channels, channels, f"{name}_channel")
    per_place = attention_mask(both, channels, 1, f"{name}_hat")
    return AffaGate()([x, h, layers.Multiply()([per_channel, per_place])])


def fuse(kind: str, x: Tensor, h: Tensor, name: str) -> Tensor:
    """Fuses a target feature and a decoder feature `[B, H, W, C]` to one, `[B, H, W, C]` or, by concat, 2C."""
    if kind == "no_skip":
        return h
    if kind == "add":
        return layers.Add()([x, h])
    if kind == "concat":
        return layers.Concatenate()([x, h])
    if kind == "do_affa":
        return do_affa(x, h, f"{name}_affa")
    if kind == "d_affa":
        return affa(x, affa(x, h, f"{name}_affa_0"), f"{name}_affa_1")
    return affa(x, h, f"{name}_affa")


def build_reference_generator(
    size_px: int = 256, identity_width: int = 512, base_filters: int = 64,
    fusion: Sequence[str] = RELEASED_FUSION, mapping_depth: int = 4, mapping_width: int = 512,
) -> keras.Model:  # fmt: skip
    """Builds G(target, identity) → swapped; the arguments are those of `networks.generator.build_generator`.

    The shapes at line ends are those at 256 px.

    >>> generator = build_reference_generator(size_px=64, identity_width=8, base_filters=4, mapping_width=8)
    >>> generator.output_shape
    (None, 64, 64, 3)
    """
    f = base_filters
    target = keras.Input((size_px, size_px, 3), name="target")
    identity = keras.Input((identity_width,), name="identity")

    z = identity
    for i in range(mapping_depth):
        z = layers.Dense(mapping_width, name=f"mapping_{i}")(z)  # [B, 512]
        if i + 1 < mapping_depth:
            z = leaky(z)

    # Encoder: x0 at full resolution, x1 … x5 each at half the resolution of the one before.
    x = conv(target, f, 3, "encoder_stem")  # [B, 256, 256, f]
    features = [x]
    for i, width in enumerate((2, 4, 8, 8, 8), start=1):
        x = down_block(x, width * f, f"encoder_{size_px >> i}")  # [B, 128, 128, 2f] … [B, 8, 8, 8f]
        features.append(x)
    x = down_block(x, 8 * f, "encoder_bottleneck", resample=False)  # [B, 8, 8, 8f]

    # Decoder: fuses x5 first, x0 last.
    h = identity_block(x, z, 8 * f, "decoder_bottleneck", upsample=False)  # [B, 8, 8, 8f]
    for i, width in enumerate((8, 8, 4, 2, 1)):
        name = f"decoder_{size_px >> (4 - i)}"
        h = fuse(fusion[i], features[5 - i], h, name)
        h = identity_block(h, z, width * f, name, upsample=True)  # [B, 16, 16, 8f] … [B, 256, 256, f]
    h = fuse(fusion[5], features[0], h, "decoder_final")
    swapped = identity_block(h, z, 3, "decoder_final", upsample=False)  # [B, 256, 256, 3]
    return keras.Model([target, identity], swapped, name="reference_generator")


def discriminator_trunk(picture: Tensor, base_filters: int, down_blocks: int) -> Tensor:
    """Halves the picture `[B, S, S, 3]` by residual blocks of two convolutions each."""
    size_px = picture.shape[1]
    x = conv(picture, base_filters, 3, "stem")  # [B, 256, 256, f]
    for i, width in enumerate((2, 4, 8, 8, 8, 8)[:down_blocks], start=1):
        filters = width * base_filters
        x = down_block(x, filters, f"down_{size_px >> i}", convs=2)  # [B, 128, 128, 2f] … [B, 4, 4, 8f]
    return x


def build_reference_image_discriminator(size_px: int = 256, base_filters: int = 64) -> keras.Model:
    """Builds the released discriminator: picture `[B, S, S, 3]` → one logit `[B, 1, 1, 1]`, positive for real.

    >>> build_reference_image_discriminator(size_px=64, base_filters=4).output_shape
    (None, 1, 1, 1)
    """
    picture = keras.Input((size_px, size_px, 3), name="picture")
    x = discriminator_trunk(picture, base_filters, down_blocks=6)  # [B, 4, 4, 8f]
    x = leaky(conv(x, x.shape[-1], x.shape[1], "head", "valid"))  # [B, 1, 1, 8f]
    return keras.Model(picture, conv(x, 1, 1, "logits"), name="reference_image_discriminator")


def build_reference_patch_discriminator(
    size_px: int = 256, base_filters: int = 64, down_blocks: int = 4
) -> keras.Model:
    """Builds the patch discriminator: picture `[B, S, S, 3]` → a logit for every place of its last map.

    >>> build_reference_patch_discriminator(size_px=64, base_filters=4).output_shape
    (None, 4, 4, 1)
    """
    picture = keras.Input((size_px, size_px, 3), name="picture")
    x = discriminator_trunk(picture, base_filters, down_blocks)  # [B, 16, 16, 8f]
    x = leaky(conv(x, x.shape[-1], 3, "head"))
    return keras.Model(
        picture, conv(x, 1, 1, "logits"), name="reference_patch_discriminator"
    )  # [B, 16, 16, 1]
