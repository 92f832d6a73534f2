"""Reconstruction and cycle losses: L1 in pixels (paper, section 3.3)."""

import keras
from keras import ops

from losses import BatchMean
from losses.flagged import flagged_mean

CEILING = 5.0


def absolute_error(a: keras.KerasTensor, b: keras.KerasTensor) -> keras.KerasTensor:
    """mean |a − b| per sample: two `[B, H, W, 3]` → `[B]`, float32."""
    return ops.mean(ops.abs(ops.cast(a, "float32") - ops.cast(b, "float32")), axis=(1, 2, 3))


def reconstruction_loss(
    target: keras.KerasTensor,
    swapped: keras.KerasTensor,
    self_swap: keras.KerasTensor,
    batch_size: int,
    batch_mean: BatchMean = ops.mean,
) -> keras.KerasTensor:
    """Half the mean |X_t − X_c| over the self-swaps, clipped to [0, 5], as released.

    `target`, `swapped` `[B, H, W, 3]`, `self_swap` `[B]`; see `losses.flagged` for the rest. Scalar.
    """
    errors = absolute_error(target, swapped)
    return ops.clip(0.5 * flagged_mean(errors, self_swap, batch_size, batch_mean), 0.0, CEILING)


def cycle_loss(target: keras.KerasTensor, returned: keras.KerasTensor) -> keras.KerasTensor:
    """mean |G(X_c, F(X_t)) − X_t|, all pairs: two `[B, H, W, 3]` → `[B]`."""
    return absolute_error(target, returned)
