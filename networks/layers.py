"""The layers that FaceDancer is made of.

Conventions: NHWC; features in the compute dtype, statistics in float32. Most of these layers compute several released
operations in a row as one: the same function of the same weights, with less arithmetic and fewer passes over memory
(`benchmarks/generator_speed.py`). `networks.reference` has the operations one by one.
"""

from typing import Any

import keras
from keras import ops

from networks.instance_norm import exact_dtype, normalise


@keras.saving.register_keras_serializable(package="facedancer_tf")
class InstanceNormalization(keras.layers.Layer):
    """Normalises each channel of each sample over height and width; then applies gamma and beta, AdaIN, LeakyReLU.

    The input is `[B, H, W, C]`, or a list: features, scale `[B, C]` and shift `[B, C]`. Scale and shift are for AdaIN;
    a dense layer makes each of them from the mapped identity. AdaIN as released: normalised features · scale + shift,
    without a "1 +" on the scale. The output is `[B, H, W, C]`. Gamma, beta, scale and shift become one factor and one
    summand per sample and channel.

    Statistics, gamma and beta are float32 in every compute dtype: in bfloat16 the variance of a large map would lose
    most of its digits.

    Args:
        negative_slope: slope of LeakyReLU; 1 leaves LeakyReLU out.
        epsilon: number added to the variance, 1e-3 as released. It matters on small maps, where a channel can be nearly
            constant.
    """

    def __init__(self, negative_slope: float = 1.0, epsilon: float = 1e-3, **kwargs: Any) -> None:
        super().__init__(autocast=False, **kwargs)
        self.negative_slope, self.epsilon = negative_slope, epsilon

    def build(self, input_shape: tuple | list) -> None:
        features = input_shape[0] if isinstance(input_shape[0], (tuple, list)) else input_shape
        weight = {"shape": (features[-1],), "dtype": "float32", "autocast": False}
        self.gamma = self.add_weight(name="gamma", initializer="ones", **weight)
        self.beta = self.add_weight(name="beta", initializer="zeros", **weight)

    def call(self, inputs: keras.KerasTensor | list) -> keras.KerasTensor:
        features, *adain = inputs if isinstance(inputs, (tuple, list)) else [inputs]
        exact = exact_dtype(features)
        factor, summand = (ops.reshape(ops.cast(w, exact), (1, 1, 1, -1)) for w in (self.gamma, self.beta))
        if adain:
            scale, shift = (ops.cast(value, exact)[:, None, None] for value in adain)
            factor, summand = factor * scale, summand * scale + shift  # [B, 1, 1, C]
        x = normalise(features, factor, summand, self.epsilon)
        x = ops.cast(x, self.compute_dtype)
        return x if self.negative_slope == 1 else ops.leaky_relu(x, self.negative_slope)

    def compute_output_shape(self, input_shape: tuple | list) -> tuple:
        return tuple(input_shape[0] if isinstance(input_shape[0], (tuple, list)) else input_shape)

    def get_config(self) -> dict:
        return {**super().get_config(), "negative_slope": self.negative_slope, "epsilon": self.epsilon}


@keras.saving.register_keras_serializable(package="facedancer_tf")
class PooledConv2D(keras.layers.Conv2D):
    """A "same" convolution, 3×3 or 1×1, and 2×2 average pooling: `[B, H, W, C]` → `[B, H/2, W/2, filters]`.

    Averaging and convolution can change places, and here averaging comes first: a moving 2×2 average of the zero-padded
    features. A convolution with stride 2 then computes only the places that pooling would keep, a quarter of the work.
    A 1×1 convolution comes after the pooling itself.
    """

    def convolution_op(self, inputs: keras.KerasTensor, kernel: keras.KerasTensor) -> keras.KerasTensor:
        if self.kernel_size == (1, 1):
            return ops.conv(ops.average_pool(inputs, 2, 2), kernel)
        padded = ops.pad(inputs, [[0, 0], [1, 1], [1, 1], [0, 0]])
        return ops.conv(ops.average_pool(padded, 2, 1), kernel, 2)  # of [B, H+1, W+1, C]

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        batch, height, width, _ = input_shape
        return batch, height // 2, width // 2, self.filters


@keras.saving.register_keras_serializable(package="facedancer_tf")
class MaskConv2D(keras.layers.Conv2D):
    """A 1×1 convolution, computed as a matrix product, and sigmoid: `[B, H, W, C]` → `[B, H, W, filters]`."""

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        _, height, width, channels = inputs.shape
        logits = ops.matmul(
            ops.reshape(inputs, (-1, channels)), ops.reshape(self.kernel, (channels, self.filters))
        )
        return ops.reshape(ops.sigmoid(ops.add(logits, self.bias)), (-1, height, width, self.filters))


@keras.saving.register_keras_serializable(package="facedancer_tf")
class PictureConv2D(keras.layers.Conv2D):
    """A "same" convolution, 3×3 or 1×1, to few channels, such as a picture's three.

    So few channels would leave a vector register nearly empty. The layer therefore computes `AT_ONCE` neighbouring
    places of a row as channels of one place: a 3×6 kernel holds the 3×3 kernel at four offsets, with stride 4 along the
    row. `[B, H, W, C]` → `[B, H, W, filters]`; W must be a multiple of four.
    """

    AT_ONCE = 4

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        n, around, (_, height, width, _) = self.AT_ONCE, [self.kernel_size[0] // 2] * 2, inputs.shape
        offsets = [ops.pad(self.kernel, [[0, 0], [i, n - 1 - i], [0, 0], [0, 0]]) for i in range(n)]
        padded = ops.pad(inputs, [[0, 0], around, around, [0, 0]])
        places = ops.conv(padded, ops.concatenate(offsets, -1), (1, n))  # [B, H, W/4, 4·filters]
        places = ops.add(places, ops.tile(self.bias, n))
        return ops.reshape(places, (-1, height, width, self.filters))


@keras.saving.register_keras_serializable(package="facedancer_tf")
class UpsampledSum(keras.layers.Layer):
    """Adds two maps, then doubles the sum bilinearly: two `[B, H, W, C]` → `[B, 2H, 2W, C]`.

    Doubling is linear, so this equals the sum of both maps doubled, at half the work.
    """

    size, interpolation = (2, 2), "bilinear"

    def call(self, inputs: list) -> keras.KerasTensor:
        total = ops.add(*inputs)
        _, height, width, _ = total.shape
        # In float32, which the resize computes in anyway: its gradient is slow in bfloat16, and XLA rejects it there.
        exact = ops.cast(total, exact_dtype(total))
        size = (2 * height, 2 * width)
        return ops.cast(
            ops.image.resize(exact, size, self.interpolation, data_format="channels_last"), total.dtype
        )

    def compute_output_shape(self, input_shape: list) -> tuple:
        batch, height, width, channels = input_shape[0]
        return batch, 2 * height, 2 * width, channels


@keras.saving.register_keras_serializable(package="facedancer_tf")
class PReLU(keras.layers.PReLU):
    """PReLU with a slope per channel: `[B, H, W, C]` → `[B, H, W, C]`.

    It passes over memory less often than Keras' relu(x) − slope · relu(−x): of x, the gradient needs the sign and
    min(x, 0) alone.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "shared_axes": (1, 2)})

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        return _prelu(inputs, ops.cast(self.alpha, self.compute_dtype))


@ops.custom_gradient
def _prelu(x: keras.KerasTensor, slope: keras.KerasTensor) -> tuple:
    """Computes x + (slope − 1) · min(x, 0), with the gradient written by hand."""

    def gradient(*arguments: Any, upstream: keras.KerasTensor | None = None) -> tuple:
        (upstream,) = arguments if upstream is None else (upstream,)
        of_slope = ops.sum(upstream * ops.minimum(x, 0), axis=(0, 1, 2))
        return upstream * ops.where(x > 0, ops.ones_like(slope), slope), ops.reshape(
            of_slope, ops.shape(slope)
        )

    return x + (slope - 1) * ops.minimum(x, 0), gradient


@keras.saving.register_keras_serializable(package="facedancer_tf")
class AffaGate(keras.layers.Layer):
    """The gate of Adaptive Feature Fusion Attention (paper, section 3.2): (1 − m) · target + m · decoder.

    Inputs: encoder features of the target, decoder features, mask m in [0, 1], each `[B, H, W, C]`. m = 1 takes exactly
    the decoder feature, which carries the identity, m = 0 exactly the target's.
    """

    def call(self, inputs: list) -> keras.KerasTensor:
        target, decoder, mask = inputs
        return (1 - mask) * target + mask * decoder  # [B, H, W, C]

    def compute_output_shape(self, input_shape: list) -> tuple:
        return input_shape[0]
