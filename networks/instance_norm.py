"""The arithmetic of instance normalisation, twice: with a gradient of its own, and for one sample at inference.

Both give factor · (x − mean) / sqrt(variance + epsilon) + summand with mean and variance of each sample and channel
over height and width. Features are `[B, H, W, C]`, factor and summand `[B, 1, 1, C]` or `[1, 1, 1, C]` of
`exact_dtype`.
"""

from typing import TypeAlias

import keras
from keras import ops

Tensor: TypeAlias = keras.KerasTensor


def exact_dtype(features: Tensor) -> str:
    """That of statistics, whatever the features' own: float32, float64 where they are (to compare networks with)."""
    return "float64" if features.dtype == "float64" else "float32"


def spatial_mean(x: Tensor) -> Tensor:
    """Mean over height and width, `[B, 1, 1, C]`: along the rows, then of those, which rounds less than one sum."""
    _, height, width, _ = x.shape
    rows = ops.average_pool(x, (1, width), strides=(1, width))  # JAX takes no strides from a tuple of sizes
    return ops.average_pool(rows, (height, 1), strides=(height, 1))


def normalise(features: Tensor, factor: Tensor, summand: Tensor, epsilon: float) -> Tensor:
    """Normalised features, float32, with the gradient written down: fewer passes than the derivative of every step.

    Right up to second derivatives (R1 needs them), unlike `tf.nn.moments`, which stops a gradient on the way.
    """

    @ops.custom_gradient
    def function(features: Tensor, factor: Tensor, summand: Tensor) -> tuple:
        x = ops.cast(features, exact_dtype(features))
        mean = spatial_mean(x)
        inverse = ops.rsqrt(spatial_mean(ops.square(x - mean)) + epsilon)
        scale = factor * inverse

        def gradient(*gradients: Tensor, upstream: Tensor | None = None) -> tuple:
            g = gradients[0] if upstream is None else upstream
            places, centred, mean_g = x.shape[1] * x.shape[2], x - mean, spatial_mean(g)
            along = inverse * spatial_mean(g * centred)  # how much of g only stretches the channel
            to_features = scale * g - (scale * inverse * along * centred + scale * mean_g)
            to_factor, to_summand = places * along, places * mean_g
            if factor.shape[0] == 1:  # one for all samples
                to_factor, to_summand = (ops.sum(v, 0, keepdims=True) for v in (to_factor, to_summand))
            return ops.cast(to_features, features.dtype), to_factor, to_summand

        return x * scale + (summand - mean * scale), gradient

    return function(features, factor, summand)


def normalise_one(features: Tensor, factor: Tensor, summand: Tensor, epsilon: float) -> Tensor:
    """One sample `[1, H, W, C]` in the features' type: statistics, then one pass, a 1×1 depthwise convolution."""
    x = ops.cast(features, "float32")
    mean = spatial_mean(x)
    if features.dtype == "bfloat16":  # whose squares are exact in float32, and sums of them nearly
        variance = ops.maximum(spatial_mean(ops.square(x)) - ops.square(mean), 0)
    else:
        variance = spatial_mean(ops.square(x - mean))
    scale = ops.cast(factor * ops.rsqrt(variance + epsilon), features.dtype)
    shift = ops.cast(summand - mean * ops.cast(scale, "float32"), features.dtype)
    scaled = ops.depthwise_conv(features, ops.reshape(scale, (1, 1, -1, 1)))
    return ops.add(scaled, ops.reshape(shift, (-1,)))
