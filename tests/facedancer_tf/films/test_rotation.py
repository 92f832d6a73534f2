"""Pictures turned upright, and points turned back."""

import numpy as np
import pytest

from facedancer_tf.films.rotation import to_stored, upright


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_point_of_the_upright_picture_is_the_same_pixel_of_the_stored_one(rotation: int) -> None:
    stored = np.arange(3 * 5).reshape(3, 5)
    shown = upright(stored, rotation)
    rows, columns = np.mgrid[: shown.shape[0], : shown.shape[1]]
    x, y = to_stored(np.stack([columns, rows], axis=-1), rotation, 5, 3).transpose(2, 0, 1)
    np.testing.assert_array_equal(stored[y, x], shown)


def test_ninety_degrees_are_counter_clockwise() -> None:
    np.testing.assert_array_equal(upright(np.array([[1, 2], [3, 4]]), 90), [[2, 4], [1, 3]])
