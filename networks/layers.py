"""The layers that FaceDancer is made of. NHWC; features in the compute dtype, statistics in float32.

Several stand for a few released operations in a row, which they compute as one: the same function and the same
weights with less arithmetic and fewer passes over memory (`benchmarks/generator_speed.py`).
"""

from typing import Any

import keras
from keras import ops

from networks.instance_norm import exact_dtype, normalise, normalise_one

# Samples of a batch that inference on a CPU normalises one after the other, each while it is in the cache.
MOST_ONE_BY_ONE = 16


@keras.saving.register_keras_serializable(package="facedancer_tf")
class InstanceNormalization(keras.layers.Layer):
    """Normalises each channel of each sample over height and width; then gamma and beta, AdaIN, LeakyReLU.

    Input features `[B, H, W, C]`, or a list of them, scale and shift `[B, C]`, the latter two made from the mapped
    identity by a dense layer each. AdaIN as released: normalised features · scale + shift, without a "1 +" on the
    scale. Output `[B, H, W, C]`. All linear parts are one factor and one summand per sample and channel.

    Statistics, gamma and beta are float32 whatever the compute dtype: in bfloat16 the variance of a large map loses
    most of its digits. Epsilon as released (1e-3), which matters on the small maps, where a channel can be nearly
    constant. `negative_slope` is LeakyReLU's; 1 is none.
    """

    def __init__(self, negative_slope: float = 1.0, epsilon: float = 1e-3, **kwargs: Any) -> None:
        super().__init__(autocast=False, **kwargs)
        self.negative_slope, self.epsilon = negative_slope, epsilon

    def build(self, input_shape: tuple | list) -> None:
        features = input_shape[0] if isinstance(input_shape[0], (tuple, list)) else input_shape
        weight = {"shape": (features[-1],), "dtype": "float32", "autocast": False}
        self.gamma = self.add_weight(name="gamma", initializer="ones", **weight)
        self.beta = self.add_weight(name="beta", initializer="zeros", **weight)

    def call(self, inputs: keras.KerasTensor | list, training: bool = False) -> keras.KerasTensor:
        features, *adain = inputs if isinstance(inputs, (tuple, list)) else [inputs]
        exact = exact_dtype(features)
        factor, summand = (ops.reshape(ops.cast(w, exact), (1, 1, 1, -1)) for w in (self.gamma, self.beta))
        if adain:
            scale, shift = (ops.cast(value, exact)[:, None, None] for value in adain)
            factor, summand = factor * scale, summand * scale + shift  # [B, 1, 1, C]
        batch = features.shape[0]
        on_cpu = all(device.startswith("cpu") for device in keras.distribution.list_devices())
        if training or not batch or batch > MOST_ONE_BY_ONE or not on_cpu:
            x = normalise(features, factor, summand, self.epsilon)
        else:
            parts = (features, factor, summand)
            split = [ops.split(v, batch) if v.shape[0] == batch else [v] * batch for v in parts]
            x = ops.concatenate(
                [normalise_one(f, scale, shift, self.epsilon) for f, scale, shift in zip(*split, strict=True)]
            )
        x = ops.cast(x, self.compute_dtype)
        return x if self.negative_slope == 1 else ops.leaky_relu(x, self.negative_slope)

    def compute_output_shape(self, input_shape: tuple | list) -> tuple:
        return tuple(input_shape[0] if isinstance(input_shape[0], (tuple, list)) else input_shape)

    def get_config(self) -> dict:
        return {**super().get_config(), "negative_slope": self.negative_slope, "epsilon": self.epsilon}


@keras.saving.register_keras_serializable(package="facedancer_tf")
class PooledConv2D(keras.layers.Conv2D):
    """A "same" convolution, 3×3 or 1×1, followed by 2×2 average pooling: `[B, H, W, C]` → `[B, H/2, W/2, filters]`.

    Averaging commutes with the convolution. Here it comes first: a moving 2×2 average of the zero-padded features,
    of which a convolution with stride 2 computes the places that pooling would keep, a quarter of the work. A 1×1
    convolution follows the pooling itself.
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
    """A 1×1 convolution and sigmoid, as the matrix product that it is: `[B, H, W, C]` → `[B, H, W, filters]`."""

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        _, height, width, channels = inputs.shape
        logits = ops.matmul(
            ops.reshape(inputs, (-1, channels)), ops.reshape(self.kernel, (channels, self.filters))
        )
        return ops.reshape(ops.sigmoid(ops.add(logits, self.bias)), (-1, height, width, self.filters))


@keras.saving.register_keras_serializable(package="facedancer_tf")
class PictureConv2D(keras.layers.Conv2D):
    """A "same" convolution, 3×3 or 1×1, to so few channels that a vector register would stay nearly empty.

    Computes `AT_ONCE` neighbouring places of a row as channels of one place: a 3×6 kernel holding the 3×3 one at
    four offsets, stride 4 along the row. `[B, H, W, C]` → `[B, H, W, filters]`; W a multiple of four.
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
    """Sum of two maps, then bilinear ×2, which is linear: as the sum of both upsampled, at half the work.

    Two `[B, H, W, C]` → `[B, 2H, 2W, C]`.
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
    """PReLU with a slope per channel, in fewer passes over memory than Keras' relu(x) − slope · relu(−x).

    `[B, H, W, C]` → `[B, H, W, C]`. What the gradient needs of x is its sign alone.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "shared_axes": (1, 2)})

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        return _prelu(inputs, ops.cast(self.alpha, self.compute_dtype))


@ops.custom_gradient
def _prelu(x: keras.KerasTensor, slope: keras.KerasTensor) -> tuple:
    """x + (slope − 1) · min(x, 0)."""

    def gradient(*arguments: Any, upstream: keras.KerasTensor | None = None) -> tuple:
        (upstream,) = arguments if upstream is None else (upstream,)
        of_slope = ops.sum(upstream * ops.minimum(x, 0), axis=(0, 1, 2))
        return upstream * ops.where(x > 0, ops.ones_like(slope), slope), ops.reshape(
            of_slope, ops.shape(slope)
        )

    return x + (slope - 1) * ops.minimum(x, 0), gradient


@keras.saving.register_keras_serializable(package="facedancer_tf")
class AffaGate(keras.layers.Layer):
    """Adaptive Feature Fusion Attention's gate (paper, section 3.2): (1 − m) · target + m · decoder.

    Inputs: target (encoder) features, decoder features, mask m in [0, 1], each `[B, H, W, C]`. m = 1 takes
    the identity-conditioned decoder feature, m = 0 the target's, exactly.
    """

    def call(self, inputs: list) -> keras.KerasTensor:
        target, decoder, mask = inputs
        return (1 - mask) * target + mask * decoder  # [B, H, W, C]

    def compute_output_shape(self, input_shape: list) -> tuple:
        return input_shape[0]
