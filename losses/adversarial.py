"""Non-saturating adversarial losses on logits of any shape `[B, …]`: one per picture or a map of patches."""

import keras
from keras import ops


def per_sample_mean(values: keras.KerasTensor) -> keras.KerasTensor:
    """Mean over everything but the batch: `[B, …]` → `[B]`, float32."""
    values = ops.cast(values, "float32")
    return ops.mean(ops.reshape(values, (ops.shape(values)[0], -1)), axis=1)


def generator_adversarial(swapped_logits: keras.KerasTensor) -> keras.KerasTensor:
    """softplus(−D(X_c)), averaged over the map: `[B, …]` logits → `[B]`."""
    return per_sample_mean(ops.softplus(-ops.cast(swapped_logits, "float32")))


def discriminator_adversarial(
    real_logits: keras.KerasTensor, swapped_logits: keras.KerasTensor
) -> keras.KerasTensor:
    """softplus(D(X_c)) + softplus(−D(X_real)), averaged over the map: two `[B, …]` logits → `[B]`."""
    real = per_sample_mean(ops.softplus(-ops.cast(real_logits, "float32")))
    return per_sample_mean(ops.softplus(ops.cast(swapped_logits, "float32"))) + real
