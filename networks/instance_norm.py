"""The arithmetic of instance normalisation, with a gradient written by hand.

It computes factor · (x − mean) / sqrt(variance + epsilon) + summand with mean and variance of each sample and channel
over height and width. Features are `[B, H, W, C]`, factor and summand `[B, 1, 1, C]` or `[1, 1, 1, C]` of
`exact_dtype`.
"""

from typing import TypeAlias

import keras
from keras import ops

Tensor: TypeAlias = keras.KerasTensor


def exact_dtype(features: Tensor) -> str:
    """Names the dtype of statistics: float32 for features of any dtype but float64 (which compares networks)."""
    return "float64" if features.dtype == "float64" else "float32"


def spatial_mean(x: Tensor) -> Tensor:
    """Averages `[B, H, W, C]` over height and width to `[B, 1, 1, C]`.

    Along the rows first and then over their means, which rounds less than one long sum.
    """
    _, height, width, _ = x.shape
    rows = ops.average_pool(x, (1, width), strides=(1, width))  # JAX takes no strides from a tuple of sizes
    return ops.average_pool(rows, (height, 1), strides=(height, 1))


def normalise(features: Tensor, factor: Tensor, summand: Tensor, epsilon: float) -> Tensor:
    """Normalises features to float32; its gradient, written by hand, passes over memory less often than a derived one.

    The gradient is right up to second derivatives, which R1 needs. That of `tf.nn.moments` is not: it stops a gradient
    on the way.
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
