"""Smoothing takes noise and lonely outliers away, and follows fast motion without lag."""

import numpy as np
import pytest

from facedancer_tf.video.smoothing import smooth

FACE = np.array([[0, 0], [60, 0], [30, 32], [8, 62], [52, 62]], np.float64)
NOISE_PX = 0.4


def track(motion, fps=30, count=90, noise=NOISE_PX, seed=0):
    """True points [n, 5, 2] of a face that moves by `motion`(times) across, noisy readings of them, and times."""
    random = np.random.default_rng(seed)
    times = np.cumsum(random.uniform(0.7, 1.3, count)) / fps  # unevenly spaced
    true = FACE + np.stack([motion(times), np.zeros(count)], axis=1)[:, None]
    return true, true + random.normal(0, noise, true.shape), times


def still(times):
    return 0 * times


def shake(times):
    return 60 * np.sin(2 * np.pi * 2 * times)  # half a face to either side, twice a second


def drift(times):
    return 20 * np.sin(2 * np.pi * 0.5 * times)


@pytest.mark.parametrize(("motion", "left"), [(still, 0.55), (drift, 0.55), (shake, 1.0)])
def test_noise_becomes_less_and_never_more(motion, left):
    true, readings, times = track(motion)
    assert np.std((smooth(readings, times) - true)[3:-3]) < left * NOISE_PX
    assert np.std(smooth(readings, times) - true) < 1.1 * left * NOISE_PX  # nor at the ends


@pytest.mark.parametrize("fps", [20, 25, 60])
def test_shake_is_followed_without_lag(fps):
    true, readings, times = track(shake, fps, count=2 * fps)
    across = smooth(readings, times)[:, :, 0].mean(axis=1) - FACE[:, 0].mean()
    speed = np.gradient(true[:, 0, 0], times)
    lag = -np.sum((across - true[:, 0, 0]) * speed) / np.sum(speed**2)
    size = np.sum(across * true[:, 0, 0]) / np.sum(true[:, 0, 0] ** 2)
    assert abs(lag) < 0.0005  # seconds
    assert abs(size - 1) < 0.02  # the ends of the motion are not cut off


@pytest.mark.parametrize("motion", [still, drift, shake])
def test_lonely_outlier_is_suppressed(motion):
    true, readings, times = track(motion)
    readings[40] += 10
    readings[60, 2] -= 10  # one point of five
    error = np.abs(smooth(readings, times) - true)
    assert error[35:46].max() < 2
    assert error[55:66].max() < 2


def test_jump_of_the_face_is_no_outlier():
    true, readings, times = track(lambda times: 30.0 * (times > 1.5))
    assert np.abs(smooth(readings, times) - true).max() < 8


def test_hole_is_bridged():
    true, readings, times = track(drift)
    seen = np.ones(len(times), bool)
    seen[40:46] = False
    bridged = smooth(readings[seen], times[seen], times)
    assert bridged.shape == true.shape
    assert np.abs(bridged - true)[38:48].max() < 2.5


def test_a_parabola_without_noise_stays_as_it_is():
    true, readings, times = track(lambda times: 5 + 30 * times - 40 * times**2, noise=0)
    np.testing.assert_allclose(smooth(readings, times), true, atol=1e-3)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6])
def test_short_tracks(count):
    _, readings, times = track(still, count=count)
    answer = smooth(readings, times)
    assert answer.shape == readings.shape
    assert np.abs(answer - readings).max() < 3
    assert np.abs(smooth(readings, times, times + 0.05) - FACE).max() < 9  # between and behind them


def test_bad_input_is_refused():
    _, readings, times = track(still)
    with pytest.raises(ValueError, match="must ascend"):
        smooth(readings, times[::-1])
    with pytest.raises(ValueError, match="`times` \\[n\\]"):
        smooth(readings, times[:-1])
