"""Non-saturating adversarial losses on logits of any shape `[B, …]`: one logit per picture, or a map of them."""

import keras
from keras import ops


def per_sample_mean(values: keras.KerasTensor) -> keras.KerasTensor:
    """Averages over everything but the batch: `[B, …]` → `[B]`, float32."""
    values = ops.cast(values, "float32")
    return ops.mean(ops.reshape(values, (ops.shape(values)[0], -1)), axis=1)


def generator_adversarial(swapped_logits: keras.KerasTensor) -> keras.KerasTensor:
    """Computes softplus(−D(X_c)), averaged over the map: logits `[B, …]` of swapped faces → `[B]`."""
    return per_sample_mean(ops.softplus(-ops.cast(swapped_logits, "float32")))


def discriminator_adversarial(
    real_logits: keras.KerasTensor, swapped_logits: keras.KerasTensor
) -> keras.KerasTensor:
    """Computes softplus(D(X_c)) + softplus(−D(X_s)), averaged over the map: logits `[B, …]` of both → `[B]`.

    The real pictures are the sources, as released.
    """
    real = per_sample_mean(ops.softplus(-ops.cast(real_logits, "float32")))
    return per_sample_mean(ops.softplus(ops.cast(swapped_logits, "float32"))) + real
