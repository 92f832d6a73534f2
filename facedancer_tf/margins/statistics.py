"""Two numbers about samples of distances: how well two kinds can be told apart, and how sure a mean is."""

from collections.abc import Sequence

import numpy as np


def equal_error_rate(near: np.ndarray, far: np.ndarray) -> float:
    """The error of the threshold that calls as many of `near` [n] far as of `far` [m] near, in [0, 1].

    0: every near distance lies below every far one; 0.5: they cannot be told apart; above: `near` is in fact the
    farther. Where no threshold gives equal rates (few or tied distances), the two that come closest are interpolated,
    so that equal samples give exactly 0.5. Raises ValueError where one is empty.
    """
    near, far = np.sort(np.ravel(near)), np.sort(np.ravel(far))
    if not len(near) or not len(far):
        raise ValueError(f"`near` and `far` must hold distances. Received: {len(near)} and {len(far)}")
    thresholds = np.unique(np.concatenate([near, far]))
    missed = np.concatenate([[1.0], 1.0 - np.searchsorted(near, thresholds, "right") / len(near)])
    let_in = np.concatenate([[0.0], np.searchsorted(far, thresholds, "right") / len(far)])
    ahead = missed - let_in  # falls from 1 to -1
    after = int(np.argmax(ahead <= 0))
    before = after - 1
    way = ahead[before] / (ahead[before] - ahead[after])
    return float(let_in[before] + way * (let_in[after] - let_in[before]))


def bootstrap_interval(
    values: np.ndarray, groups: Sequence[str], seed: int, draws: int = 1000, level: float = 0.95
) -> tuple[float, float]:
    """The interval that the mean of `values` [n] falls into with probability `level` when the groups are drawn anew.

    Values of one group (`groups` [n] names it) depend on each other, as pairs of one person's pictures do; so whole
    groups are drawn, as many as there are, `draws` times. The same seed gives the same interval.
    """
    if len(values) != len(groups) or not len(values):
        raise ValueError(
            f"`values` must be as many as `groups`, at least one. Received: {len(values)}, {len(groups)}"
        )
    _, number = np.unique(np.asarray(groups), return_inverse=True)
    sums, counts = np.bincount(number, values), np.bincount(number)
    random = np.random.default_rng(seed)
    means = np.empty(draws)
    for draw in range(draws):  # one at a time: all at once would be draws times groups numbers
        drawn = random.integers(len(sums), size=len(sums))
        means[draw] = sums[drawn].sum() / counts[drawn].sum()
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
