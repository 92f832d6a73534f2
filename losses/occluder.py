"""Keeps what covers a face: the swapped picture shows the target's occluder as it is (ours, not in the paper)."""

import keras
from keras import ops

from losses import BatchMean

EPSILON = 1e-4  # a share of a picture


def occluder_loss(
    target: keras.KerasTensor,
    swapped: keras.KerasTensor,
    occluder: keras.KerasTensor,
    batch_mean: BatchMean = ops.mean,
) -> keras.KerasTensor:
    """Computes the mean |X_t − X_c| under the occluders: every covered pixel of the global batch counts the same.

    Reconstruction asks this of self-swaps only, where painting over an occluder would not please the identity loss.

    Args:
        target: targets, occluded or not, `[B, H, W, 3]`.
        swapped: swapped faces `[B, H, W, 3]`.
        occluder: 1 where an occluder is, 0 elsewhere, `[B, H, W, 1]`.
        batch_mean: mean over the global batch, see `losses`.

    Returns:
        Scalar; 0 for a batch without occluders.
    """
    apart = ops.abs(ops.cast(target, "float32") - ops.cast(swapped, "float32"))
    errors = ops.mean(occluder * apart, axis=(1, 2, 3))
    return batch_mean(errors) / (batch_mean(ops.mean(occluder, axis=(1, 2, 3))) + EPSILON)
