"""The mean over the flagged samples of a batch, as the released training takes it."""

import keras
from keras import ops

from losses import BatchMean

FLAG_EPSILON = 0.001


def flagged_mean(
    errors: keras.KerasTensor, flags: keras.KerasTensor, batch_size: int, batch_mean: BatchMean = ops.mean
) -> keras.KerasTensor:
    """Σ flag·error / (Σ flag + 0.001) over the global batch; 0 where no sample is flagged.

    Args:
        errors: `[B]`.
        flags: `[B]`, 1 for a self-swap, 0 otherwise.
        batch_size: samples of the global batch (turns means back into the sums of the formula).
        batch_mean: mean over the global batch.

    Returns:
        Scalar.
    """
    return batch_size * batch_mean(flags * errors) / (batch_size * batch_mean(flags) + FLAG_EPSILON)
