"""The mean over a batch's samples with a flag, as the released training takes it over self-swaps."""

import keras
from keras import ops

from losses import BatchMean

FLAG_EPSILON = 0.001


def flagged_mean(
    errors: keras.KerasTensor, flags: keras.KerasTensor, batch_size: int, batch_mean: BatchMean = ops.mean
) -> keras.KerasTensor:
    """Computes Σ flag·error / (Σ flag + 0.001) over the global batch; 0 if no sample has a flag.

    Args:
        errors: error of each sample, `[B]`.
        flags: 1 for a self-swap, 0 for any other pair, `[B]`.
        batch_size: number of samples in the global batch, which turns means into the sums of the formula.
        batch_mean: mean over the global batch, see `losses`.

    Returns:
        Scalar.
    """
    return batch_size * batch_mean(flags * errors) / (batch_size * batch_mean(flags) + FLAG_EPSILON)
