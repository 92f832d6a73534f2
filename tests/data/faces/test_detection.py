"""Tests YuNet on the bundled photographs (whole, close, tiny, huge, several), and what it refuses."""

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from data.faces import yunet
from data.faces.alignment import align, estimate_transform, template
from data.faces.detection import build_detector
from data.faces.face import DetectorUnavailable, Face
from data.faces.search import search_picture
from data.faces.yunet import YuNet
from data.pictures import read_picture
from facedancer_tf.bundled_pictures import bundled_pictures

PICTURES = bundled_pictures()


@pytest.fixture(scope="module")
def detector() -> YuNet:
    return YuNet()


def largest(detector: YuNet, picture: np.ndarray) -> Face:
    return detector.detect(picture)[0]


@pytest.mark.parametrize("path", PICTURES, ids=lambda p: p.stem)
def test_one_face_with_landmarks_in_the_templates_order(detector: YuNet, path: Path) -> None:
    picture = read_picture(path).rgb
    faces = detector.detect(picture)
    assert len(faces) == 1
    face = faces[0]
    assert face.score > 0.8
    left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])
    x, y, width, height = face.box
    assert ((face.landmarks > [x, y]) & (face.landmarks < [x + width, y + height])).all()
    transform = estimate_transform(face.landmarks, 112)
    placed = face.landmarks @ transform[:, :2].T + transform[:, 2]
    assert np.abs(placed - template(112)).max() < 8


@pytest.mark.parametrize("path", PICTURES, ids=lambda p: p.stem)
def test_faces_that_fill_the_picture_and_tiny_ones(detector: YuNet, path: Path) -> None:
    picture = read_picture(path).rgb
    face = largest(detector, picture)
    x, y, width, height = (int(v) for v in face.box)
    inset_x, inset_y = width // 8, height // 8
    close = picture[y + inset_y : y + height - inset_y, x + inset_x : x + width - inset_x]
    in_close = largest(detector, close).landmarks + np.array([x + inset_x, y + inset_y])
    assert np.abs(in_close - face.landmarks).max() < 0.1 * width
    tiny = cv2.resize(picture, None, fx=40 / width, fy=40 / width, interpolation=cv2.INTER_AREA)
    assert np.abs(largest(detector, tiny).landmarks * width / 40 - face.landmarks).max() < 0.1 * width


def test_huge_picture_gives_the_same_face(detector: YuNet) -> None:
    picture = read_picture(PICTURES[0]).rgb
    face = largest(detector, picture)
    huge = cv2.resize(picture, None, fx=5, fy=5, interpolation=cv2.INTER_LINEAR)
    assert huge.shape[0] * huge.shape[1] > 12e6
    in_huge = largest(detector, huge)
    assert np.abs((in_huge.landmarks + 0.5) / 5 - 0.5 - face.landmarks).max() < 0.03 * face.box[2]
    one, other = align(picture, face.landmarks, 64), align(huge, in_huge.landmarks, 64)
    assert np.abs(one.astype(int) - other).mean() < 6


def test_several_faces_come_largest_first(detector: YuNet) -> None:
    canvas = np.full((700, 1500, 3), 128, np.uint8)
    for path, left, height in zip(PICTURES, (0, 400, 900), (300, 650, 450), strict=False):
        picture = read_picture(path).rgb
        small = cv2.resize(picture, None, fx=height / len(picture), fy=height / len(picture))
        canvas[: small.shape[0], left : left + small.shape[1]] = small[:, : 1500 - left]
    faces = detector.detect(canvas)
    assert len(faces) == 3
    areas = [face.area for face in faces]
    assert areas == sorted(areas, reverse=True)


def test_people_behind_a_portrait_are_found_when_all_are_wanted(detector: YuNet) -> None:
    portrait = read_picture(PICTURES[0]).rgb
    canvas = cv2.resize(portrait, (1800, round(1800 * len(portrait) / portrait.shape[1])))
    canvas = np.pad(canvas, ((0, 0), (0, 700), (0, 0)), constant_values=128)
    front = detector.detect(canvas)
    assert len(front) == 1
    behind = read_picture(PICTURES[1]).rgb
    face = largest(detector, behind)
    scale = 32 / face.box[2]
    behind = cv2.resize(behind, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    canvas[100 : 100 + len(behind), 2000 : 2000 + behind.shape[1]] = behind
    assert len(detector.detect(canvas)) == 1
    both = detector.detect(canvas, "every")
    assert len(both) == 2
    assert both[0].box == detector.detect(canvas)[0].box  # the large one once, as the quick search found it
    assert np.abs(both[1].landmarks - (face.landmarks * scale + [2000, 100])).max() < 5


def test_nothing_to_find_gives_an_empty_list(detector: YuNet) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3)).astype(np.uint8)
    for picture in (noise, np.zeros((1, 1, 3), np.uint8), np.zeros((2, 3000, 3), np.uint8)):
        assert detector.detect(picture) == []


def test_a_quick_search_looks_once_where_a_patient_one_looks_on() -> None:
    empty, searches = np.zeros((800, 600, 3), np.uint8), Counter[str]()
    for search in ("quick", "patient", "every"):

        def look(canvas: np.ndarray, search: str = search) -> list[Face]:
            searches[search] += 1
            return []

        assert search_picture(empty, look, search) == []
    assert searches == {"quick": 1, "patient": 5, "every": 6}
    with pytest.raises(ValueError, match="`search` must be one of quick, patient, every"):
        search_picture(empty, lambda canvas: [], "hasty")  # type: ignore[arg-type]


def test_refusals_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, detector: YuNet) -> None:
    with pytest.raises(ValueError, match="`name` must be"):
        build_detector("other")
    with pytest.raises(ValueError, match="`score_threshold`"):
        build_detector(score_threshold=1.5)
    with pytest.raises(ValueError, match="`picture` must be uint8"):
        detector.detect(np.zeros((5, 5, 3), np.float32))
    tampered = tmp_path / yunet.MODEL.name
    tampered.write_bytes(yunet.MODEL.read_bytes()[:-1] + b"x")
    (tmp_path / "SHA256SUMS").write_text((yunet.MODEL.parent / "SHA256SUMS").read_text())
    monkeypatch.setattr(yunet, "MODEL", tampered)
    with pytest.raises(DetectorUnavailable, match="is not the file"):
        YuNet()
    monkeypatch.setattr(yunet, "MODEL", tmp_path / "none.onnx")
    with pytest.raises(DetectorUnavailable, match=r"none\.onnx is missing"):
        YuNet()
