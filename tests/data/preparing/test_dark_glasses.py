"""Tests that dark glasses are seen, and that faces without them, lit or shaded, are let through."""

import cv2
import numpy as np
import pytest

from data.faces.alignment import align
from data.faces.yunet import YuNet
from data.pictures import read_picture
from data.preparing.dark_glasses import lens_to_cheek, wears_dark_glasses
from facedancer_tf.bundled_pictures import bundled_pictures


@pytest.fixture(scope="module")
def crops() -> list[np.ndarray]:
    """Aligned crops of the bundled photographs: nobody in them wears dark glasses."""
    pictures = [read_picture(path).rgb for path in bundled_pictures()]
    return [align(picture, YuNet().detect(picture)[0].landmarks, 112) for picture in pictures]


def with_lenses(crop: np.ndarray, brightness: float) -> np.ndarray:
    """Darkens an ellipse around each eye, as lenses of sunglasses do."""
    lenses = np.zeros(crop.shape[:2], np.float32)
    for x in (38, 74):
        cv2.ellipse(lenses, (x, 54), (15, 12), 0, 0, 360, 1.0, -1)
    return np.round(crop * (1 - (1 - brightness) * lenses[:, :, None])).astype(np.uint8)


def test_dark_lenses_are_seen_and_clear_ones_are_not(crops: list[np.ndarray]) -> None:
    for crop in crops:
        assert not wears_dark_glasses(crop)
        assert not wears_dark_glasses(with_lenses(crop, 0.95))
        assert wears_dark_glasses(with_lenses(crop, 0.4))


def test_the_light_and_the_size_of_a_picture_do_not_count(crops: list[np.ndarray]) -> None:
    for crop in crops:
        ratio = lens_to_cheek(crop)
        assert lens_to_cheek((crop * 0.5).astype(np.uint8)) == pytest.approx(ratio, abs=0.03)
        assert lens_to_cheek(cv2.resize(crop, (224, 224))) == pytest.approx(ratio, abs=0.05)


def test_one_dark_eye_is_a_shadow(crops: list[np.ndarray]) -> None:
    for crop in crops:
        half = with_lenses(crop, 0.4)
        half[:, 56:] = crop[:, 56:]
        assert not wears_dark_glasses(half)
