"""Equal-error rates against numbers worked out by hand."""

import numpy as np
import pytest

from facedancer_tf.margins.statistics import equal_error_rate


@pytest.mark.parametrize(
    ("near", "far", "expected"),
    [
        ([0.1, 0.2], [0.3, 0.4], 0.0),
        ([0.3, 0.4], [0.1, 0.2], 1.0),  # the wrong way round: every near one is the farther
        ([1, 2, 3], [2, 3, 4], 1 / 3),  # threshold 2: 3 is missed, 2 is let in
        ([1, 2, 3, 10], [4, 5, 6, 7], 1 / 4),
        (
            [1, 1],
            [1, 2],
            1 / 3,
        ),  # a tie: from (missed 1, let in 0) to (0, 1/2), equal after two thirds of the way
        ([5, 5, 5], [5, 5], 0.5),
        ([1, 2, 3, 4], [1, 2, 3, 4], 0.5),
        ([1, 3], [2], 0.5),  # threshold 1: missed 1/2, let in 0; threshold 2: missed 1/2, let in 1
    ],
)
def test_equal_error_rate(near, far, expected):
    assert equal_error_rate(np.array(near, float), np.array(far, float)) == pytest.approx(expected, abs=1e-12)


def test_equal_error_rate_of_two_normal_distributions():
    random = np.random.default_rng(0)
    near, far = random.normal(0, 1, 20000), random.normal(2, 1, 20000)
    assert equal_error_rate(near, far) == pytest.approx(0.1587, abs=0.005)  # Φ(-1)


def test_nothing_to_compare_is_refused():
    with pytest.raises(ValueError, match="must hold distances"):
        equal_error_rate(np.array([]), np.array([1.0]))
