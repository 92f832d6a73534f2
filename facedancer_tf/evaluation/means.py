"""The mean of a metric over pairs, and how far it can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facedancer_tf.judging.bootstrap import bootstrap_interval

SEED = 0


@dataclass(frozen=True)
class Mean:
    """A mean over `count` pairs with its 95 % interval from `low` to `high`.

    The mean is None where there is no pair, the interval where all pairs are of one group: nothing could be drawn anew.
    """

    mean: float | None
    low: float | None
    high: float | None
    count: int


def mean_with_interval(values: np.ndarray, groups: Sequence[str], seed: int = SEED) -> Mean:
    """The mean of `values` [n] without its NaNs, and the interval that drawing the `groups` [n] anew gives.

    A group is one person put into another, for frames of one video depend on each other. Groups are drawn as if they
    were independent. Groups that share a person are not: then the interval is too narrow.
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
