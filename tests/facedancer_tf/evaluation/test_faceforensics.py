"""The FaceForensics++ protocol on tiny artificial videos; the grey of a frame shows its number."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from data.pictures import read_picture
from facedancer_tf.errors import UserError
from facedancer_tf.evaluation.faceforensics import faceforensics_pairs
from facedancer_tf.evaluation.pairs import Pair

STEP = 10  # grey levels between frames
OPEN = cv2.VideoCapture


def write_video(path: Path, frames: int = 12) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, (64, 64))
    for number in range(frames):
        writer.write(np.full((64, 64, 3), 20 + STEP * number, np.uint8))
    writer.release()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Three original videos and one manipulated: 000 with the face of 002."""
    for name in ("000", "001", "002"):
        write_video(tmp_path / "originals" / f"{name}.mp4")
    write_video(tmp_path / "manipulated" / "000_002.mp4", 2)
    return tmp_path


def test_names_are_target_source_and_frames_are_the_ones_named(copy):
    pairs = faceforensics_pairs(copy, None, copy / "frames", 1, 4)
    assert [(pair.target.identity, pair.source.identity) for pair in pairs] == [("000", "002")] * 4
    for photograph in {side for pair in pairs for side in (pair.source, pair.target)}:
        number = int(photograph.path.stem.split("_")[1])
        grey = read_picture(photograph.path).rgb.mean()
        assert abs(grey - (20 + STEP * number)) < STEP / 2 - 1
    assert names(pairs) == names(faceforensics_pairs(copy, None, copy / "again", 1, 4))
    assert names(pairs) != names(faceforensics_pairs(copy, None, copy / "other", 2, 4))


def names(pairs: list[Pair]) -> list[tuple[str, str]]:
    return [(pair.source.path.name, pair.target.path.name) for pair in pairs]


def test_frames_of_another_draw_do_not_lie_among_the_new(copy):
    faceforensics_pairs(copy, None, copy / "frames", 1, 4)
    before = sorted((copy / "frames").iterdir())
    with pytest.raises(UserError, match="frames must be empty"):
        faceforensics_pairs(copy, None, copy / "frames", 2, 4)
    assert sorted((copy / "frames").iterdir()) == before


class Damaged:
    """An open video of which no frame can be decoded."""

    def __init__(self, path: str) -> None:
        self._capture = OPEN(path)

    def grab(self) -> bool:
        return self._capture.grab()

    def retrieve(self) -> tuple[bool, None]:
        return False, None

    def release(self) -> None:
        self._capture.release()


def test_a_frame_that_cannot_be_decoded_is_named(copy, monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", Damaged)
    with pytest.raises(UserError, match=r"000\.mp4, frame 0: cannot be decoded"):
        faceforensics_pairs(copy, None, copy / "frames", 1, 12)


def test_list_goes_both_ways(copy):
    (copy / "test.json").write_text(json.dumps([["000", "001"]]))
    pairs = faceforensics_pairs(copy, copy / "test.json", copy / "frames", 1, 3)
    assert [(p.target.identity, p.source.identity) for p in pairs] == [("000", "001")] * 3 + [
        ("001", "000")
    ] * 3


def test_what_is_wrong_is_said(copy):
    (copy / "test.json").write_text(json.dumps([["000", "777"]]))
    with pytest.raises(UserError, match=r"lacks 1 original videos of the list, the first is 777\.mp4"):
        faceforensics_pairs(copy, copy / "test.json", copy / "frames", 1, 3)
    (copy / "test.json").write_text(json.dumps({"000": 1}))
    with pytest.raises(UserError, match="must be a JSON list"):
        faceforensics_pairs(copy, copy / "test.json", copy / "frames", 1, 3)
    with pytest.raises(UserError, match="has 12 frames that can be read, 13 are wanted"):
        faceforensics_pairs(copy, None, copy / "thirteen", 1, 13)
    with pytest.raises(UserError, match="no manipulated videos"):
        faceforensics_pairs(copy / "originals", None, copy / "frames", 1, 3)
    write_video(copy / "again" / "000.mp4")
    with pytest.raises(UserError, match="one video twice"):
        faceforensics_pairs(copy, None, copy / "frames", 1, 3)
