"""Sharpness and seam of pastes whose quality is known: nothing changed, blurred, coloured, outside the face."""

import cv2
import numpy as np
import pytest

from data.faces.alignment import estimate_transform, template, warp
from data.faces.detection import build_detector
from data.pictures import read_picture
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.evaluation.seam import seam_values
from facedancer_tf.evaluation.sharpness import sharpness
from facedancer_tf.swapping.paste import paste_into

CROP_PX = 256
Picture = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module", params=bundled_pictures()[:3], ids=lambda path: path.stem)
def target(request: pytest.FixtureRequest) -> Picture:
    """A photograph and the transform to its aligned crop of 256 px."""
    picture = read_picture(request.param).rgb
    face = build_detector("yunet").detect(picture)[0]
    return picture, estimate_transform(face.landmarks, CROP_PX)


def pasted_back(target: Picture, offset: tuple[int, int, int] = (0, 0, 0), sigma: float = 0.0) -> np.ndarray:
    """The target with its own crop pasted back, blurred and with every colour moved by `offset`."""
    picture, transform = target[0].copy(), target[1]
    crop = warp(picture, transform, CROP_PX)
    crop = cv2.GaussianBlur(crop, (0, 0), sigma) if sigma else crop
    paste_into(picture, np.clip(crop.astype(int) + offset, 0, 255).astype(np.uint8), transform)
    return picture


def test_an_unchanged_picture_is_as_sharp_as_itself_and_has_no_seam(target):
    picture, transform = target
    assert sharpness(picture, picture.copy(), transform, CROP_PX) == 1.0
    values = seam_values(picture, picture.copy(), transform, CROP_PX)
    assert values["seam"] == 0.0
    assert values["rim_step"] == values["rim_step_target"] > 1


def test_a_blurred_face_is_softer_and_its_rim_hardly_seen(target):
    picture, transform = target
    once, twice = pasted_back(target), pasted_back(target, sigma=2.0)
    assert (
        1 > sharpness(picture, once, transform, CROP_PX) > 2 * sharpness(picture, twice, transform, CROP_PX)
    )
    seams = [seam_values(picture, pasted, transform, CROP_PX)["seam"] for pasted in (once, twice)]
    assert seams[0] < 1
    assert seams[1] < 3


@pytest.mark.parametrize("offset", [(10, 0, 0), (0, 0, -10), (8, 8, 8), (-8, -8, -8)])
def test_a_face_of_another_colour_has_a_seam_and_keeps_its_sharpness(target, offset):
    picture, transform = target
    plain, coloured = pasted_back(target), pasted_back(target, offset)
    seams = [seam_values(picture, pasted, transform, CROP_PX)["seam"] for pasted in (plain, coloured)]
    assert seams[1] > seams[0] + 1.5
    twice = tuple(2 * level for level in offset)
    assert seam_values(picture, pasted_back(target, twice), transform, CROP_PX)["seam"] > 1.5 * seams[1]
    sharp = [sharpness(picture, pasted, transform, CROP_PX) for pasted in (plain, coloured)]
    assert sharp[1] == pytest.approx(sharp[0], rel=0.1)


def test_a_seam_is_the_colour_difference_of_a_plain_paste():
    """From L* 60 to L* 70 without colour, all around: 10."""
    grey = [
        np.rint(cv2.cvtColor(np.array([[[x, 0, 0]]], np.float32), cv2.COLOR_LAB2RGB) * 255)[0, 0]
        for x in (60, 70)
    ]
    before = np.tile(grey[0].astype(np.uint8), (300, 300, 1))
    transform, after = np.eye(2, 3), before.copy()
    paste_into(after, np.tile(grey[1].astype(np.uint8), (CROP_PX, CROP_PX, 1)), transform)
    values = seam_values(before, after, transform, CROP_PX)
    assert values == pytest.approx({"seam": 10.0, "rim_step": 10.0, "rim_step_target": 0.0}, abs=0.3)


def test_energy_is_that_of_the_face_alone():
    """Noise around the face does not count; half of the amplitude is a quarter of the energy."""
    noise = np.random.default_rng(0).integers(-40, 41, (256, 256, 1))
    before = np.tile(128 + noise, 3).astype(np.uint8)
    after, around = np.tile(128 + noise // 2, 3).astype(np.uint8), before.copy()
    around[:60], around[:, :20] = 128, 128  # above and beside the oval
    transform = estimate_transform(template(CROP_PX), CROP_PX)
    assert sharpness(before, after, transform, CROP_PX) == pytest.approx(0.25, rel=0.05)
    assert sharpness(before, around, transform, CROP_PX) == 1.0


def test_a_picture_without_detail_and_a_face_outside_the_picture_have_no_value():
    plain = np.full((64, 64, 3), 90, np.uint8)
    transform = np.eye(2, 3)
    assert np.isnan(sharpness(plain, plain, transform, 64))
    transform[:, 2] = 500  # the crop lies above and left of the picture
    assert np.isnan(sharpness(plain, plain, transform, 64))
    assert np.isnan(list(seam_values(plain, plain, transform, 64).values())).all()


def test_a_face_cut_by_the_border_counts_with_what_is_left_of_it(target):
    picture, transform = target
    x = int(np.linalg.solve(transform[:, :2], [128, 128] - transform[:, 2])[0])  # the middle of the face
    half, pasted = picture[:, :x], pasted_back(target, (20, 0, 0))[:, :x]
    assert seam_values(half, pasted, transform, CROP_PX)["seam"] > 3
    assert 0 < sharpness(half, pasted, transform, CROP_PX) < 1
