"""Reconstruction and cycle losses: L1 in pixels (paper, section 3.3)."""

import keras
from keras import ops

from losses import BatchMean
from losses.flagged import flagged_mean

CEILING = 5.0


def absolute_error(a: keras.KerasTensor, b: keras.KerasTensor) -> keras.KerasTensor:
    """Computes mean |a − b| per sample: two pictures `[B, H, W, 3]` → `[B]`, float32."""
    return ops.mean(ops.abs(ops.cast(a, "float32") - ops.cast(b, "float32")), axis=(1, 2, 3))


def reconstruction_loss(
    target: keras.KerasTensor,
    swapped: keras.KerasTensor,
    self_swap: keras.KerasTensor,
    batch_size: int,
    batch_mean: BatchMean = ops.mean,
) -> keras.KerasTensor:
    """Computes half the mean |X_t − X_c| over the self-swaps, clipped to [0, 5], as released.

    Args:
        target: target `[B, H, W, 3]`.
        swapped: swapped face `[B, H, W, 3]`.
        self_swap: 1 for a self-swap, 0 for any other pair, `[B]`.
        batch_size: number of samples in the global batch.
        batch_mean: mean over the global batch, see `losses`.

    Returns:
        Scalar.
    """
    errors = absolute_error(target, swapped)
    return ops.clip(0.5 * flagged_mean(errors, self_swap, batch_size, batch_mean), 0.0, CEILING)


def cycle_loss(target: keras.KerasTensor, returned: keras.KerasTensor) -> keras.KerasTensor:
    """Computes mean |G(X_c, F(X_t)) − X_t| of every pair: target and the face swapped back, `[B, H, W, 3]` → `[B]`."""
    return absolute_error(target, returned)
