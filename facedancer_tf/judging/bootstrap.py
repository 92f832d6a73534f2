"""Intervals of means by the percentile bootstrap (Efron, 1979), over groups of values that depend on each other."""

from collections.abc import Sequence

import numpy as np

DRAWS = 1000
DRAWN_AT_ONCE = 2**20  # groups, over several draws: all draws of many groups would not fit into memory


def bootstrap_interval(
    values: np.ndarray, groups: Sequence[str], seed: int, draws: int = DRAWS, level: float = 0.95
) -> tuple[float, float]:
    """The interval into which the mean of `values` [n] falls with probability `level` when the groups are drawn anew.

    `groups` [n] names the group of each value. Values of one group depend on each other, as pairs of one person's
    pictures do. So whole groups are drawn, as many as there are, `draws` times. The same seed gives the same interval.
    """
    if len(values) != len(groups) or not len(values):
        raise ValueError(
            f"`values` must be as many as `groups`, at least one. Received: {len(values)}, {len(groups)}"
        )
    _, number = np.unique(np.asarray(groups), return_inverse=True)
    sums, counts = np.bincount(number, values), np.bincount(number)
    random = np.random.default_rng(seed)
    groups_count = len(sums)
    draws_at_once = max(1, DRAWN_AT_ONCE // groups_count)
    means = []
    for done in range(0, draws, draws_at_once):
        chosen = random.integers(groups_count, size=(min(draws_at_once, draws - done), groups_count))
        means.append(sums[chosen].sum(axis=1) / counts[chosen].sum(axis=1))
    low, high = np.quantile(np.concatenate(means), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
