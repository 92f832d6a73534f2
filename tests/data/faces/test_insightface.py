"""Tests insightface's detector with a stand-in for the package, because its models are not ours to embed."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from data.faces.detection import build_detector
from data.faces.face import DetectorUnavailable

POINTS = np.array([[10, 20], [30, 20], [20, 30], [12, 40], [28, 40]], np.float32)


class FaceAnalysis:
    """Finds a small and a large face, and a third one only where it looks closer; remembers what it was asked."""

    failure: Exception | None = None
    made: list["FaceAnalysis"] = []  # noqa: RUF012

    def __init__(self, name: str, **options: Any) -> None:
        if self.failure is not None:
            raise self.failure
        self.name, self.options = name, options
        self.searched: list[tuple[np.ndarray, tuple[int, int]]] = []
        self.det_model = self
        FaceAnalysis.made.append(self)

    def prepare(self, **options: Any) -> None:
        self.options |= options

    def detect(self, picture: np.ndarray, input_size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        self.searched.append((picture.copy(), input_size))
        scale = np.float32(input_size[0] / 640)
        boxes = np.array(
            [[0, 10, 40, 60, 0.9], [100, 100, 300, 400, 0.95], [500, 10, 510, 20, 0.85]], np.float32
        )
        boxes[:, :4] *= scale
        points = np.stack([POINTS, POINTS + 100, POINTS + 480]) * scale
        count = 3 if input_size[0] > 640 else 2
        return boxes[:count], points[:count]


@pytest.fixture
def packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's model packs, with two of them."""
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".insightface" / "models"
    for name in ("buffalo_s", "antelopev2"):
        (folder / name).mkdir(parents=True)
    return folder


@pytest.fixture
def insightface(packs: Path, monkeypatch: pytest.MonkeyPatch) -> type[FaceAnalysis]:
    package, app = ModuleType("insightface"), ModuleType("insightface.app")
    app.FaceAnalysis = FaceAnalysis  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "insightface", package)
    monkeypatch.setitem(sys.modules, "insightface.app", app)
    monkeypatch.setattr(FaceAnalysis, "made", [])
    return FaceAnalysis


def test_faces_come_converted_and_largest_first(insightface: type[FaceAnalysis]) -> None:
    picture = np.zeros((480, 640, 3), np.uint8)
    picture[..., 0] = 200  # red
    faces = build_detector("insightface", score_threshold=0.55).detect(picture)
    assert [face.box for face in faces] == [(100, 100, 200, 300), (0, 10, 40, 50)]
    assert [round(face.score, 3) for face in faces] == [0.95, 0.9]
    np.testing.assert_allclose(faces[1].landmarks, POINTS, atol=1e-4)
    assert faces[1].landmarks.dtype == np.float32
    (app,) = insightface.made
    assert app.options["allowed_modules"] == ["detection"]
    assert app.options["det_thresh"] == 0.55
    seen, input_size = app.searched[0]  # what follows are second looks
    assert input_size == (640, 480)
    assert {size for _, size in app.searched[1:]} == {(64, 64)}
    assert seen[0, 0].tolist() == [0, 0, 200]  # insightface wants BGR


def test_every_face_is_searched_at_a_larger_size_too(insightface: type[FaceAnalysis]) -> None:
    picture = np.zeros((960, 1280, 3), np.uint8)
    detector = build_detector("insightface")
    assert len(detector.detect(picture)) == 2
    faces = detector.detect(picture, "every")
    sizes = [size for _, size in insightface.made[0].searched if size != (64, 64)]  # of those, second looks
    assert sizes == [(640, 480), (640, 480), (1280, 960)]
    assert len(faces) == 3
    np.testing.assert_allclose(faces[2].box, (1000, 20, 20, 20), atol=1)
    np.testing.assert_allclose(faces[2].landmarks, (POINTS + 480) * 2, atol=1)


def test_the_best_pack_that_is_there_is_taken_by_its_folder(
    insightface: type[FaceAnalysis], packs: Path
) -> None:
    build_detector("insightface")
    assert insightface.made[0].name == str(
        packs / "antelopev2"
    )  # a path: by a name, insightface would download


@pytest.mark.parametrize("failure", [OSError("bad\nfile"), RuntimeError("no model"), AssertionError("")])
def test_a_pack_that_does_not_load_is_one_sentence(
    insightface: type[FaceAnalysis], packs: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    monkeypatch.setattr(insightface, "failure", failure)
    with pytest.raises(DetectorUnavailable, match=r"could not be loaded from .*antelopev2") as caught:
        build_detector("insightface")
    assert " ".join(str(failure).split()) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "yunet" in str(caught.value)


def test_without_a_pack_nothing_is_downloaded(
    insightface: type[FaceAnalysis], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "other"))
    with pytest.raises(
        DetectorUnavailable, match=r"needs one of the model packs buffalo_l, .*insightface-cli"
    ):
        build_detector("insightface")
    assert insightface.made == []


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "insightface.app", None)
    with pytest.raises(DetectorUnavailable, match="pip install insightface"):
        build_detector("insightface")
