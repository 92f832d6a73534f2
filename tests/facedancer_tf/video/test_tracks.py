from fractions import Fraction

import numpy as np
import pytest

from facedancer_tf.video.people_of_film import fades
from facedancer_tf.video.tracks import Clock, time_words
from tests.facedancer_tf.video.people_for_tests import track


def test_the_clock_knows_uneven_times() -> None:
    clock = Clock(np.array([10, 11, 15, 16]), Fraction(1, 10))
    assert [clock.frame_at(time_s) for time_s in (0.9, 1.0, 1.12, 1.49, 1.5, 1.69, 1.71)] == [
        None,
        0,
        1,
        1,
        2,
        3,
        None,
    ]
    np.testing.assert_allclose(clock.seconds(np.array([1, 3])), [0.4, 0.1])


def test_presences_leave_short_absences_out() -> None:
    clock = Clock(np.arange(100), Fraction(1, 10))
    assert clock.presences([track(0, 9), track(14, 19), track(40, 49)]) == [(0.0, 2.0), (4.0, 5.0)]


@pytest.mark.parametrize(
    ("time_s", "words"),
    [(0, "0:00.0"), (9.96, "0:10.0"), (75.25, "1:15.2"), (59.99, "1:00.0"), (3723.5, "1:02:03.5")],
)
def test_times_in_words(time_s: float, words: str) -> None:
    assert time_words(time_s) == words


def test_fades() -> None:
    np.testing.assert_allclose(fades(6, True, True, 3), [0.25, 0.5, 0.75, 0.75, 0.5, 0.25])
    np.testing.assert_allclose(fades(3, False, True, 3), [0.75, 0.5, 0.25])
    assert (fades(3, False, False, 3) == 1).all()
