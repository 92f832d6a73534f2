"""Tests of the skin tone: known colours give their angle, one wrong patch changes nothing, grey crops have none."""

import cv2
import numpy as np
import pytest

from data.faces.skin_tone import GREY, PATCHES, TEMPLATE_PX, skin_tone, tone_class


def skin(lightness: float, red: float, yellow: float, size_px: int = 112) -> np.ndarray:
    """A crop of one colour in Lab, uint8 RGB [S, S, 3]."""
    colour = cv2.cvtColor(np.array([[[lightness, red, yellow]]], np.float32), cv2.COLOR_LAB2RGB)
    return np.tile(np.rint(255 * colour).astype(np.uint8), (size_px, size_px, 1))


def paint(crop: np.ndarray, patch: tuple[int, int, int, int], colour: int, share: float = 1.0) -> None:
    """Covers the upper `share` of a patch."""
    left, top, right, bottom = (round(side * len(crop) / TEMPLATE_PX) for side in patch)
    crop[top : top + round(share * (bottom - top)), left:right] = colour


@pytest.mark.parametrize("size_px", [64, 128])
@pytest.mark.parametrize(
    ("colour", "angle", "name"),
    [
        ((78.0, 8.0, 14.0), 63.4, "very light"),  # atan(28 / 14)
        ((68.0, 10.0, 18.0), 45.0, "light"),
        ((50.0, 12.0, 20.0), 0.0, "brown"),
        ((30.0, 10.0, 11.5), -60.1, "dark"),  # atan(-20 / 11.5)
    ],
)
def test_a_known_colour_has_its_angle(
    colour: tuple[float, float, float], angle: float, name: str, size_px: int
) -> None:
    measured = skin_tone(skin(*colour, size_px))
    assert measured == pytest.approx(angle, abs=2)  # 8 bits a channel
    assert tone_class(measured) == name


@pytest.mark.parametrize("patch", PATCHES)
@pytest.mark.parametrize("covered_by", [0, 20, 255], ids=["outside the picture", "hair", "light"])
def test_one_covered_patch_changes_nothing(patch: tuple[int, int, int, int], covered_by: int) -> None:
    crop = skin(60.0, 10.0, 20.0)
    before = skin_tone(crop)
    paint(crop, patch, covered_by)
    assert skin_tone(crop) == before


def test_highlights_on_every_patch_change_nothing() -> None:
    crop = skin(40.0, 10.0, 20.0)
    before = skin_tone(crop)
    for patch in PATCHES:
        paint(crop, patch, 255, share=0.4)
    assert skin_tone(crop) == before


def test_two_patches_decide() -> None:
    light, dark = skin(70.0, 10.0, 20.0), skin(30.0, 10.0, 12.0)
    mixed = light.copy()
    mixed[60:] = dark[60:]  # both cheeks
    assert skin_tone(mixed) == skin_tone(dark) != skin_tone(light)


@pytest.mark.parametrize("level", [0, 90, 200])
def test_a_grey_crop_has_no_tone(level: int) -> None:
    angle = skin_tone(np.full((64, 64, 3), level, np.uint8))
    assert np.isnan(angle)
    assert tone_class(angle) == GREY


def test_bounds_belong_to_the_class_below() -> None:
    angles = (55.1, 55.0, 41.0, 28.0, 10.0, -30.0)
    assert [tone_class(a) for a in angles] == ["very light", "light", "intermediate", "tan", "brown", "dark"]


def test_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match=r"must be uint8 \[S, S, 3\]. Received: float32 \(64, 64, 3\)"):
        skin_tone(np.zeros((64, 64, 3), np.float32))
