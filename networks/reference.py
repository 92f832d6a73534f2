"""The released networks layer by layer, as the yardstick: plain Keras layers, one per operation, nothing fused.

Convolution 3×3 then average pooling; both paths of a block upsampled, then summed; instance normalisation, AdaIN and
LeakyReLU one after the other; (1 − m)·x + m·h. Layers with weights are named as those of `networks`, so that
`copy_weights` can move them by name.
"""

from collections.abc import Sequence
from typing import TypeAlias

import keras
from keras import layers, ops

from networks.discriminator import TRUNK_WIDTHS
from networks.generator import DECODER_WIDTHS, ENCODER_WIDTHS, RELEASED_FUSION

Tensor: TypeAlias = keras.KerasTensor
SLOPE = 0.2


class InstanceNormalization(layers.Layer):
    """As released (tensorflow-addons): moments over height and width, epsilon 1e-3, gamma and beta.

    The moments are written out: `tf.nn.moments` stops a gradient, which leaves first derivatives as they are but
    makes second ones, R1's, wrong by some per cent.
    """

    epsilon = 1e-3

    def build(self, input_shape: tuple) -> None:
        self.gamma = self.add_weight(name="gamma", shape=(input_shape[-1],), initializer="ones")
        self.beta = self.add_weight(name="beta", shape=(input_shape[-1],), initializer="zeros")

    def call(self, features: Tensor) -> Tensor:
        exact = "float64" if features.dtype == "float64" else "float32"
        x = ops.cast(features, exact)
        mean = ops.mean(x, axis=(1, 2), keepdims=True)
        variance = ops.mean(ops.square(x - mean), axis=(1, 2), keepdims=True)
        scale = ops.cast(self.gamma, exact) * ops.rsqrt(variance + self.epsilon)
        shift = ops.cast(self.beta, exact) - mean * scale
        return ops.cast(x * scale + shift, self.compute_dtype)

    def get_config(self) -> dict:
        return {**super().get_config(), "epsilon": self.epsilon}


class AdaIN(layers.Layer):
    """Features `[B, H, W, C]`, scale and shift `[B, C]`: features · scale + shift."""

    def call(self, inputs: list) -> Tensor:
        features, scale, shift = inputs
        return features * scale[:, None, None, :] + shift[:, None, None, :]


class AffaGate(layers.Layer):
    """Target, decoder feature and mask m: (1 − m) · target + m · decoder."""

    def call(self, inputs: list) -> Tensor:
        target, decoder, mask = inputs
        return (1 - mask) * target + mask * decoder


class _Blocks:
    """The blocks of both networks in one dtype; a block's `name` prefixes its layers' names."""

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype

    def conv(self, x: Tensor, filters: int, kernel_px: int, name: str, padding: str = "same") -> Tensor:
        return layers.Conv2D(filters, kernel_px, padding=padding, name=name, dtype=self.dtype)(x)

    def leaky(self, x: Tensor) -> Tensor:
        return layers.LeakyReLU(SLOPE, dtype=self.dtype)(x)

    def norm(self, x: Tensor, name: str) -> Tensor:
        return InstanceNormalization(name=name, dtype=self.dtype)(x)

    def down(self, x: Tensor, filters: int, name: str, convs: int = 1, resample: bool = True) -> Tensor:
        def pool(y: Tensor) -> Tensor:
            return layers.AveragePooling2D(2, dtype=self.dtype)(y) if resample else y

        main = pool(self.conv(self.leaky(self.norm(x, f"{name}_norm")), filters, 3, f"{name}_conv"))
        if convs == 2:
            main = self.conv(self.leaky(self.norm(main, f"{name}_norm_1")), filters, 3, f"{name}_conv_1")
        return layers.Add(dtype=self.dtype)([main, pool(self.conv(x, filters, 1, f"{name}_skip"))])

    def identity(self, x: Tensor, z: Tensor, filters: int, name: str, upsample: bool) -> Tensor:
        def up(y: Tensor) -> Tensor:
            return layers.UpSampling2D(2, interpolation="bilinear", dtype=self.dtype)(y) if upsample else y

        scale = layers.Dense(x.shape[-1], name=f"{name}_adain_scale", dtype=self.dtype)(z)
        shift = layers.Dense(x.shape[-1], name=f"{name}_adain_shift", dtype=self.dtype)(z)
        main = AdaIN(dtype=self.dtype)([self.norm(x, f"{name}_norm"), scale, shift])
        main = up(self.conv(self.leaky(main), filters, 3, f"{name}_conv"))
        return layers.Add(dtype=self.dtype)([main, up(self.conv(x, filters, 1, f"{name}_skip"))])

    def mask(self, both: Tensor, hidden: int, filters: int, name: str) -> Tensor:
        m = self.norm(self.leaky(self.conv(both, hidden, 3, f"{name}_hidden")), f"{name}_norm")
        return layers.Activation("sigmoid", dtype=self.dtype)(self.conv(m, filters, 1, f"{name}_mask_conv"))

    def affa(self, target: Tensor, decoder: Tensor, name: str) -> Tensor:
        channels = target.shape[-1]
        both = layers.Concatenate(dtype=self.dtype)([target, decoder])
        mask = self.mask(both, max(channels // 4, 1), channels, name)
        return AffaGate(dtype=self.dtype)([target, decoder, mask])

    def do_affa(self, target: Tensor, decoder: Tensor, name: str) -> Tensor:
        channels = target.shape[-1]
        both = layers.Concatenate(dtype=self.dtype)([target, decoder])
        masks = [
            self.mask(both, channels, channels, f"{name}_channel"),
            self.mask(both, channels, 1, f"{name}_hat"),
        ]
        return AffaGate(dtype=self.dtype)([target, decoder, layers.Multiply(dtype=self.dtype)(masks)])

    def fuse(self, kind: str, target: Tensor, decoder: Tensor, name: str) -> Tensor:
        if kind == "no_skip":
            return decoder
        if kind == "add":
            return layers.Add(dtype=self.dtype)([target, decoder])
        if kind == "concat":
            return layers.Concatenate(dtype=self.dtype)([target, decoder])
        if kind == "do_affa":
            return self.do_affa(target, decoder, f"{name}_affa")
        if kind == "d_affa":
            decoder = self.affa(target, decoder, f"{name}_affa_0")
            return self.affa(target, decoder, f"{name}_affa_1")
        return self.affa(target, decoder, f"{name}_affa")


def released_generator(
    size_px: int = 256, identity_width: int = 512, base_filters: int = 64, fusion: Sequence[str] = RELEASED_FUSION,
    mapping_depth: int = 4, mapping_width: int = 512, dtype: str = "float32",
) -> keras.Model:  # fmt: skip
    """The generator, arguments and weights as `networks.generator.build_generator`."""
    target = keras.Input((size_px, size_px, 3), name="target")
    identity = keras.Input((identity_width,), name="identity")
    blocks, z = _Blocks(dtype), identity
    for i in range(mapping_depth):
        z = layers.Dense(mapping_width, name=f"mapping_{i}", dtype=dtype)(z)
        z = blocks.leaky(z) if i + 1 < mapping_depth else z
    features = [blocks.conv(target, base_filters, 3, "encoder_stem")]
    for i, width in enumerate(ENCODER_WIDTHS[1:], start=1):
        features.append(blocks.down(features[-1], width * base_filters, f"encoder_{size_px >> i}"))
    h = blocks.down(features[-1], 8 * base_filters, "encoder_bottleneck", resample=False)
    h = blocks.identity(h, z, 8 * base_filters, "decoder_bottleneck", upsample=False)
    for i, width in enumerate(DECODER_WIDTHS):
        name = f"decoder_{size_px >> (4 - i)}"
        h = blocks.fuse(fusion[i], features[5 - i], h, name)
        h = blocks.identity(h, z, width * base_filters, name, upsample=True)
    h = blocks.fuse(fusion[5], features[0], h, "decoder_final")
    h = blocks.identity(h, z, 3, "decoder_final", upsample=False)
    return keras.Model([target, identity], h, name="released_generator")


def released_image_discriminator(
    size_px: int = 256, base_filters: int = 64, dtype: str = "float32"
) -> keras.Model:
    """The image-level discriminator, weights as `networks.discriminator.build_image_discriminator`."""
    picture, blocks = keras.Input((size_px, size_px, 3), name="picture"), _Blocks(dtype)
    x = blocks.conv(picture, base_filters, 3, "stem")
    for i, width in enumerate(TRUNK_WIDTHS, start=1):
        x = blocks.down(x, width * base_filters, f"down_{size_px >> i}", convs=2)
    x = blocks.conv(x, TRUNK_WIDTHS[-1] * base_filters, size_px >> len(TRUNK_WIDTHS), "head", "valid")
    return keras.Model(picture, blocks.conv(blocks.leaky(x), 1, 1, "logits"), name="released_discriminator")


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Gives every layer of `target` the weights of `source`'s layer of that name.

    Raises ValueError where one of them has a layer with weights that the other lacks.
    """
    ours, theirs = ({layer.name: layer for layer in m.layers if layer.weights} for m in (source, target))
    if ours.keys() != theirs.keys():
        raise ValueError(f"both must have the same layers. Received: {sorted(ours.keys() ^ theirs.keys())}")
    for name, layer in theirs.items():
        layer.set_weights(ours[name].get_weights())
