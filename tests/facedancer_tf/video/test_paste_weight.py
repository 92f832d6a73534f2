"""Tests what goes into a frame: the face's outline, what is seen of it, and fades."""

import numpy as np
import pytest

from facedancer_tf.video.paste_weight import WEIGHT_PX, paste_weight

SQUARE = np.array([[32.0, 32.0], [95.0, 32.0], [95.0, 95.0], [32.0, 95.0]])  # of a crop of 128 px
EVERYWHERE = np.ones((16, 16), np.float32)


def at(weight: np.ndarray, x: float, y: float) -> float:
    scale = WEIGHT_PX / 128
    return float(weight[round((y + 0.5) * scale - 0.5), round((x + 0.5) * scale - 0.5)])


def test_inside_the_outline_all_is_pasted_and_far_from_it_nothing() -> None:
    weight = paste_weight(SQUARE, 128, EVERYWHERE)
    assert weight.dtype == np.float32
    assert at(weight, 64, 64) == pytest.approx(1.0)
    assert at(weight, 36, 64) > 0.9
    assert at(weight, 64, 10) == 0.0
    assert (np.diff(weight[WEIGHT_PX // 2, : WEIGHT_PX // 2]) >= -1e-6).all()  # one soft edge, no steps back


def test_what_is_not_seen_is_left_and_a_fade_weakens_all() -> None:
    seen = EVERYWHERE.copy()
    seen[:, 8:] = 0
    weight = paste_weight(SQUARE, 128, seen)
    assert at(weight, 48, 64) == pytest.approx(1.0)
    assert at(weight, 84, 64) == 0.0
    np.testing.assert_allclose(paste_weight(SQUARE, 128, seen, 0.25), 0.25 * weight, atol=1e-6)


def test_without_an_outline_the_oval_alone_decides() -> None:
    weight = paste_weight(np.full((36, 2), np.nan), 128, EVERYWHERE)
    np.testing.assert_array_equal(weight, 1.0)


def test_an_outline_far_beyond_the_crop_does_no_harm() -> None:
    np.testing.assert_array_equal(paste_weight((SQUARE - 64) * 1e7, 128, EVERYWHERE), 1.0)
