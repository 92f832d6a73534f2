"""Tests that faces come out straight at any roll and in pictures of any size, and what is no face at all."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from data.faces.alignment import estimate_transform, misfit, template
from data.faces.face import Face
from data.faces.search import search_picture
from data.faces.second_look import look_again
from data.faces.yunet import YuNet
from data.pictures import read_picture
from facedancer_tf.bundled_pictures import bundled_pictures

PICTURES = bundled_pictures()
POINTS = template(112).astype(np.float32)


@pytest.fixture(scope="module")
def detector() -> YuNet:
    return YuNet()


def turned(picture: np.ndarray, roll: float) -> tuple[np.ndarray, np.ndarray]:
    """The picture turned clockwise by `roll` degrees about its middle on a square canvas, and the transform [2, 3]."""
    height, width = picture.shape[:2]
    side = int(np.hypot(height, width)) + 1
    transform = cv2.getRotationMatrix2D((width / 2, height / 2), -roll, 1.0)
    transform[:, 2] += [(side - width) / 2, (side - height) / 2]
    return cv2.warpAffine(picture, transform, (side, side)), transform


def straighten(landmarks: np.ndarray) -> float:
    """The degrees by which alignment by these landmarks turns a picture."""
    transform = estimate_transform(landmarks, 112)
    return float(np.degrees(np.arctan2(transform[1, 0], transform[0, 0])))


@pytest.mark.parametrize("path", PICTURES, ids=lambda p: p.stem)
def test_a_rolled_face_is_aligned_like_the_upright_one(detector: YuNet, path: Path) -> None:
    picture = read_picture(path).rgb
    upright = detector.detect(picture)[0]
    for roll in (-155, -110, -75, -45, -20, 20, 45, 60, 90, 135, 180):
        canvas, transform = turned(picture, roll)
        rolled = detector.detect(canvas)[0]
        apart = straighten(rolled.landmarks) + roll - straighten(upright.landmarks)
        assert abs((apart + 180) % 360 - 180) < 9, roll
        goals = upright.landmarks @ transform[:, :2].T + transform[:, 2]
        assert np.abs(rolled.landmarks - goals).max() < 0.1 * upright.box[2], roll
        assert rolled.score > 0.85


def test_one_scale_is_enough_for_a_rolled_face_in_a_stream(detector: YuNet) -> None:
    picture = read_picture(PICTURES[0]).rgb
    canvas, _ = turned(picture, 135)
    assert abs(straighten(detector.detect(canvas, "quick")[0].landmarks) + 135) < 9


def test_a_crowd_in_a_stream_costs_no_more_than_four_second_looks() -> None:
    crowd = [
        Face((20.0 * n, 5.0, 16.0, 16.0 + n), (POINTS / 7 + [20 * n, 5]).astype(np.float32), 0.9)
        for n in range(30)
    ]
    looks = []

    def look(canvas: np.ndarray) -> list[Face]:
        looks.append(canvas.shape[0])
        return crowd if canvas.shape[1] == 640 else []

    picture = np.zeros((480, 640, 3), np.uint8)
    assert len(search_picture(picture, look, "quick")) == 30
    assert looks == [480] + 4 * 12 * [64]
    assert len(search_picture(picture, look, "patient")) == 30


@pytest.mark.parametrize("quarters", [1, 3])
def test_a_picture_in_which_nothing_is_found_is_laid_on_either_side(quarters: int) -> None:
    """The detector of this test sees a face where a white square is in the upper left quarter of a high canvas."""
    picture = np.zeros((320, 640, 3), np.uint8)
    upright = np.rot90(picture, quarters)  # a view of the same pixels
    upright[60:80, 20:40] = 255

    def upright_only(canvas: np.ndarray) -> list[Face]:
        if canvas.shape[0] <= canvas.shape[1] or canvas[70, 30, 0] < 255:
            return []
        return [Face((10.0, 40.0, 40.0, 60.0), POINTS / 4 + np.array([16, 56], np.float32), 0.95)]

    (face,) = search_picture(picture, upright_only, "patient")
    x, y, width, height = face.box
    assert (width, height) == (60, 40)
    assert picture[round(y + height / 2), round(x + width / 2)].tolist() == [255] * 3
    down = face.landmarks[3:].mean(axis=0) - face.landmarks[:2].mean(axis=0)
    assert abs(down[0]) > 5 * abs(down[1])
    assert (down[0] < 0) == (quarters == 1)  # rot90 once: what was on the right is above
    assert search_picture(picture, upright_only, "quick") == []


def test_a_small_face_of_a_huge_picture_is_aligned_as_well_as_in_a_small_one(detector: YuNet) -> None:
    """The first search sees this face with 18 px: there its points are off by a twelfth of its width."""
    picture = read_picture(PICTURES[0]).rgb
    alone = detector.detect(picture)[0]
    canvas = np.full((4000, 4000, 3), 128, np.uint8)
    scale = 112 / alone.box[2]
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    canvas[2100 : 2100 + len(small), 1700 : 1700 + small.shape[1]] = small
    goals = alone.landmarks * scale + [1700, 2100]
    found = detector.detect(canvas)[0].landmarks
    assert np.linalg.norm(found - goals, axis=1).mean() < 0.05 * 112


def seen(score: float, points: np.ndarray = POINTS) -> Face:
    return Face((0.0, 0.0, 112.0, 112.0), points.astype(np.float32), score)


def test_a_doubtful_find_that_no_turn_shows_is_no_face() -> None:
    picture = np.zeros((112, 112, 3), np.uint8)
    assert look_again(picture, seen(0.7), lambda canvas: []) is None
    sure = seen(0.9)
    assert look_again(picture, sure, lambda canvas: []) is sure
    beside = Face((0.0, 0.0, 20.0, 20.0), POINTS, 0.99)  # another face, at the cut-out's edge
    assert look_again(picture, seen(0.7), lambda canvas: [beside]) is None


def test_a_second_look_that_is_not_sure_changes_nothing() -> None:
    """As with a mask over mouth and nose: some turn is a little better, and it is the wrong one."""
    first = seen(0.9)
    for score, same in ((0.8, True), (0.9, False)):

        def look(canvas: np.ndarray, score: float = score) -> list[Face]:
            size_px = canvas.shape[0]
            return [Face((0.0, 0.0, size_px, size_px), POINTS * np.float32(size_px / 224), score)]

        after = look_again(np.zeros((112, 112, 3), np.uint8), first, look)
        assert (after is first) == same


@pytest.mark.parametrize(
    "points",
    [
        POINTS * 0,
        POINTS * [0.01, 1],
        POINTS * [1, 0.01],
        POINTS * [-1, 1],
        POINTS[[3, 4, 2, 0, 1]],
        POINTS * np.nan,
    ],
    ids=["one point", "upright line", "level line", "mirrored", "mouth above eyes", "nowhere"],
)
def test_landmarks_that_fit_no_face_are_no_face(points: np.ndarray) -> None:
    picture = np.zeros((112, 112, 3), np.uint8)
    assert look_again(picture, seen(0.95, points), lambda canvas: []) is None


def test_misfit_does_not_count_roll_size_and_place() -> None:
    assert misfit(POINTS) < 1e-6
    angle = np.radians(130)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert misfit(3 * POINTS @ turn.T + [500, -20]) < 1e-6
    one_eye_up = POINTS + np.array([[0, -11.2], [0, 0], [0, 0], [0, 0], [0, 0]])
    assert (
        0.02 < misfit(one_eye_up) < 0.0447
    )  # at most the root mean square of the shift, 0.1 in one point of five
