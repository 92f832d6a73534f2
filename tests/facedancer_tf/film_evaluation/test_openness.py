"""Eyes and mouths that are open by a known amount."""

import numpy as np
import pytest

from facedancer_tf.film_evaluation.openness import eyes_open, mouth_open


def face(eye_px: float, mouth_px: float) -> np.ndarray:
    """68 landmarks of a face whose eyes, 30 px wide and 60 px apart, and mouth are open so far."""
    points = np.zeros((68, 2))
    for start, x in ((36, 0), (42, 60)):
        points[start : start + 6, 0] = [x, x + 10, x + 20, x + 30, x + 20, x + 10]
        points[start : start + 6, 1] = np.array([0, -1, -1, 0, 1, 1]) * eye_px / 2
    points[61:64, 1], points[65:68, 1] = 80, 80 + mouth_px
    return points


def test_openness():
    assert eyes_open(face(9, 0)) == pytest.approx(0.3)
    assert mouth_open(face(9, 12)) == pytest.approx(0.2)
    assert mouth_open(face(9, 0)) == 0
