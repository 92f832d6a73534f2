"""Lags of series whose lag is known; none where nothing can be said."""

import numpy as np
import pytest

from facedancer_tf.film_evaluation.lag import lag_frames


def motion(frames: np.ndarray) -> np.ndarray:
    return np.stack([5 * np.sin(frames / 4), 2 * np.cos(frames / 3)], axis=1)


@pytest.mark.parametrize("lag", [-3, 0, 0.5, 2])
def test_a_lag_is_found_through_noise_offset_and_gaps(lag):
    random, frames = np.random.default_rng(0), np.arange(60.0)
    target = motion(frames) + random.normal(0, 0.1, (60, 2))
    swapped = 0.8 * motion(frames - lag) + 3 + random.normal(0, 0.1, (60, 2))
    swapped[20:23] = np.nan
    assert lag_frames(target, swapped) == pytest.approx(lag, abs=0.2)


def test_equal_series_have_no_lag_at_all():
    frames = motion(np.arange(30.0))
    assert lag_frames(frames, frames) == 0


def test_nothing_is_said_of_noise_even_motion_stillness_and_short_films():
    random = np.random.default_rng(0)
    noise, other = random.normal(size=(2, 48, 2))
    assert lag_frames(noise, other) is None
    ramp = np.arange(48.0)[:, None]
    assert lag_frames(ramp + 0.2 * noise, ramp - 2 + 0.2 * other) is None
    assert lag_frames(np.ones((48, 1)), np.ones((48, 1))) is None
    assert lag_frames(motion(np.arange(5.0)), motion(np.arange(5.0))) is None
    assert lag_frames(np.full((48, 1), np.nan), np.full((48, 1), np.nan)) is None
