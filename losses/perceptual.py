"""Perceptual loss over self-swaps, on the five pooled maps of VGG16, as released."""

import keras
from keras import ops

from losses import BatchMean
from losses.flagged import flagged_mean

VGG_BLOCKS = tuple(f"block{i}_pool" for i in range(1, 6))
FEATURE_SCALE = 0.85


def perceptual_loss(
    target_features: list[keras.KerasTensor],
    swapped_features: list[keras.KerasTensor],
    self_swap: keras.KerasTensor,
    batch_size: int,
    batch_mean: BatchMean = ops.mean,
) -> keras.KerasTensor:
    """Computes Σ over blocks of the flagged mean of |0.85·(φ(X_t) − φ(X_c))|, which is not halved.

    Args:
        target_features: VGG16's `VGG_BLOCKS` of the target, `[B, h, w, c]` each, from pictures in [-1, 1].
        swapped_features: the same of the swapped face.
        self_swap: 1 for a self-swap, 0 for any other pair, `[B]`.
        batch_size: number of samples in the global batch.
        batch_mean: mean over the global batch, see `losses`.

    Returns:
        Scalar.
    """
    total = 0.0
    for target, swapped in zip(target_features, swapped_features, strict=True):
        difference = ops.abs(FEATURE_SCALE * (ops.cast(target, "float32") - ops.cast(swapped, "float32")))
        errors = ops.mean(difference, axis=(1, 2, 3))  # [B]
        total = total + flagged_mean(errors, self_swap, batch_size, batch_mean)
    return total
