"""R1: the squared gradient of the discriminator at real pictures (Mescheder et al. 2018), as released."""

import keras
from keras import ops

from losses.adversarial import per_sample_mean


def r1_logit_sum(real_logits: keras.KerasTensor) -> keras.KerasTensor:
    """Computes the scalar that R1 differentiates, the sum over the batch of each sample's mean logit `[B, …]`.

    It sums over the batch, so that the gradient at each picture is that of its own logit. It averages over the map, so
    that the weight of the penalty does not depend on the size of the map.
    """
    return ops.sum(per_sample_mean(real_logits))


def r1_penalty(gradients: keras.KerasTensor) -> keras.KerasTensor:
    """Computes Σ (∂ mean D(X) / ∂X)² per sample: gradients `[B, H, W, 3]` of `r1_logit_sum` → `[B]`."""
    gradients = ops.cast(gradients, "float32")
    return ops.sum(ops.square(gradients), axis=(1, 2, 3))
