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
    """Σ over blocks of the flagged mean of |0.85·(φ(X_t) − φ(X_c))|. Not halved, unlike the reconstruction.

    Args:
        target_features, swapped_features: `[B, h, w, c]` each, of `VGG_BLOCKS`, from pictures in [-1, 1].
        self_swap: `[B]`; `batch_size`, `batch_mean`: see `losses.flagged`.

    Returns:
        Scalar.
    """
    total = 0.0
    for target, swapped in zip(target_features, swapped_features, strict=True):
        difference = ops.abs(FEATURE_SCALE * (ops.cast(target, "float32") - ops.cast(swapped, "float32")))
        errors = ops.mean(difference, axis=(1, 2, 3))  # [B]
        total = total + flagged_mean(errors, self_swap, batch_size, batch_mean)
    return total
