"""Tests which colours a swapped face takes from its target."""

import cv2
import numpy as np

from facedancer_tf.swapping.skin_colour import with_skin_colour

SIZE_PX = 64


def lab(crop: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(crop.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)


def test_equal_crops_stay_bit_for_bit() -> None:
    crop = np.random.default_rng(0).integers(0, 256, (SIZE_PX, SIZE_PX, 3), np.uint8)
    np.testing.assert_array_equal(with_skin_colour(crop, crop), crop)


def test_the_target_gives_colour_and_no_brightness() -> None:
    swapped = np.full((SIZE_PX, SIZE_PX, 3), (200, 140, 130), np.uint8)
    target = np.full((SIZE_PX, SIZE_PX, 3), (110, 80, 55), np.uint8)
    result = lab(with_skin_colour(swapped, target))[10, 10]
    np.testing.assert_allclose(result[1:], lab(target)[10, 10, 1:], atol=0.5)
    np.testing.assert_allclose(result[0], lab(swapped)[10, 10, 0], atol=0.5)


def test_a_red_nose_goes_and_a_brown_iris_stays() -> None:
    """Wide differences of colour are the target's, those of a few pixels are the swapped face's."""
    skin = np.full((SIZE_PX, SIZE_PX, 3), (190, 150, 130), np.uint8)
    swapped = skin.copy()
    cv2.circle(swapped, (32, 48), 10, (210, 135, 120), -1)
    cv2.circle(swapped, (20, 20), 1, (90, 50, 20), -1)
    result = lab(with_skin_colour(swapped, skin))
    off = np.abs(lab(swapped) - lab(skin))[..., 1:].sum(-1)
    left = np.abs(result - lab(skin))[..., 1:].sum(-1)
    assert left[48, 32] < 0.3 * off[48, 32]
    assert left[20, 20] > 0.8 * off[20, 20]
