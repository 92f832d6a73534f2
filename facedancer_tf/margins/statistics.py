"""How well two kinds of distances can be told apart."""

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
