"""Tests which face of a file is taken, and what the message says where there is none."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from data.faces.face import Face, Search
from data.pictures import write_picture
from facedancer_tf.swapping.portraits import NoFace, find_face, read_portrait

POINTS = np.array([[10, 10], [30, 10], [20, 20], [12, 30], [28, 30]], np.float32)
PICTURE = np.zeros((64, 64, 3), np.uint8)


class Finds:
    """A detector that finds what it was told."""

    name = "told"

    def __init__(self, *landmarks: np.ndarray) -> None:
        self.faces = [Face((0, 0, 40, 40), points, 0.9) for points in landmarks]

    def detect(self, picture: np.ndarray, search: Search = "patient") -> list[Face]:
        return self.faces


class Fails(Finds):
    def detect(self, picture: np.ndarray, search: Search = "patient") -> list[Face]:
        raise cv2.error("no such size")


def test_the_largest():
    detector = Finds(POINTS, POINTS + 1)
    assert find_face(PICTURE, detector) is detector.faces[0]


@pytest.mark.parametrize(("detector", "why"), [(Finds(), "no face"), (Fails(), "detector failed")])
def test_no_face(detector, why):
    with pytest.raises(NoFace, match=f"^{why}$"):
        find_face(PICTURE, detector)


def test_files(tmp_path: Path):
    write_picture(tmp_path / "a.png", PICTURE)
    (tmp_path / "b.png").write_text("no picture")
    portrait = read_portrait(tmp_path / "a.png", Finds(POINTS))
    assert (portrait.path, portrait.picture.shape) == (tmp_path / "a.png", PICTURE.shape)
    for name, reason in (("b.png", "not a picture"), ("c.png", "missing")):
        with pytest.raises(NoFace, match=f"^{reason}$"):
            read_portrait(tmp_path / name, Finds(POINTS))
