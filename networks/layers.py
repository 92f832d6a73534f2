"""The layers that FaceDancer is made of. NHWC; features in the compute dtype, statistics in float32."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="facedancer_tf")
class InstanceNormalization(keras.layers.Layer):
    """Normalises each channel of each sample over height and width, then scales by gamma and shifts by beta.

    Input and output `[B, H, W, C]`. Statistics, gamma and beta are float32 whatever the compute dtype: in
    bfloat16 the variance of a large map loses most of its digits. Epsilon as released (1e-3), which
    matters on the small maps, where a channel can be nearly constant.
    """

    def __init__(self, epsilon: float = 1e-3, **kwargs: Any) -> None:
        super().__init__(autocast=False, **kwargs)
        self.epsilon = epsilon

    def build(self, input_shape: tuple) -> None:
        channels = (input_shape[-1],)
        self.gamma = self.add_weight(name="gamma", shape=channels, initializer="ones", dtype="float32")
        self.beta = self.add_weight(name="beta", shape=channels, initializer="zeros", dtype="float32")

    def call(self, features: keras.KerasTensor) -> keras.KerasTensor:
        x = ops.cast(features, "float32")
        mean, variance = ops.moments(x, axes=(1, 2), keepdims=True)  # [B, 1, 1, C]
        scale = self.gamma * ops.rsqrt(variance + self.epsilon)
        return ops.cast(x * scale + (self.beta - mean * scale), self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return {**super().get_config(), "epsilon": self.epsilon}


@keras.saving.register_keras_serializable(package="facedancer_tf")
class AdaIN(keras.layers.Layer):
    """Modulates features by an identity: features · scale + shift, per sample and channel.

    Inputs: features `[B, H, W, C]`, scale `[B, C]`, shift `[B, C]`, the latter two made from the mapped
    identity by a dense layer each. As released it neither normalises (the instance normalisation before it
    does) nor adds one to the scale.
    """

    def call(self, inputs: list) -> keras.KerasTensor:
        features, scale, shift = inputs
        return features * scale[:, None, None, :] + shift[:, None, None, :]  # [B, H, W, C]

    def compute_output_shape(self, input_shape: list) -> tuple:
        return input_shape[0]


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
