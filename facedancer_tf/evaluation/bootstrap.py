"""How far a mean over pairs can be trusted: percentile bootstrap (Efron, 1979)."""

from dataclasses import dataclass

import numpy as np

RESAMPLES = 1000
SEED = 0


@dataclass(frozen=True)
class Mean:
    """A mean over `count` pairs with its 95 % interval from `low` to `high`; None where there is no pair."""

    mean: float | None
    low: float | None
    high: float | None
    count: int


def bootstrap_mean(values: np.ndarray, seed: int = SEED) -> Mean:
    """The mean of `values` [n] without its NaNs, and the middle 95 % of the means of 1000 resamples of them.

    Pairs are resampled as if they were independent. Pairs that share a picture are not: then the interval is too
    narrow.
    """
    kept = np.asarray(values, np.float64)
    kept = kept[~np.isnan(kept)]
    if not len(kept):
        return Mean(None, None, None, 0)
    drawn = np.random.default_rng(seed).integers(len(kept), size=(RESAMPLES, len(kept)))
    low, high = np.percentile(kept[drawn].mean(axis=1), [2.5, 97.5])
    return Mean(float(kept.mean()), float(low), float(high), len(kept))
