"""The mean of a metric over pairs, with the interval that says how far to trust it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facedancer_tf.judging.bootstrap import bootstrap_interval

SEED = 0


@dataclass(frozen=True)
class Mean:
    """A mean over `count` pairs with its 95 % interval from `low` to `high`.

    The mean is None where there is no pair. The interval is None where all pairs are of one group, because a bootstrap
    draws whole groups.
    """

    mean: float | None
    low: float | None
    high: float | None
    count: int


def mean_with_interval(values: np.ndarray, groups: Sequence[str], seed: int = SEED) -> Mean:
    """The mean of `values` [n] without its NaNs, with the interval by a bootstrap over the `groups` [n].

    A group is all pairs of one person into another, because frames of one video depend on each other. The bootstrap
    takes groups as independent. Groups that share a person are not, and then the interval is too narrow.
    """
    values = np.asarray(values, np.float64)
    indices = np.flatnonzero(~np.isnan(values)).tolist()
    if not len(indices):
        return Mean(None, None, None, 0)
    numbers, number_groups = values[indices], [groups[i] for i in indices]
    mean = float(numbers.mean())
    if len(set(number_groups)) < 2:
        return Mean(mean, None, None, len(numbers))
    return Mean(mean, *bootstrap_interval(numbers, number_groups, seed), len(numbers))
