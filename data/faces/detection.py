"""Finding faces with five landmarks: YuNet (embedded) or insightface's detector (its models are the user's own).

Pictures are uint8 RGB [H, W, 3]; boxes and points are in pixels of the picture given, whatever size was searched.
Landmarks come as left eye, right eye, nose, left and right mouth corner, left and right as seen in the picture of an
upright face, which is the order of the template in data.faces.alignment.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

YUNET = Path(__file__).resolve().parents[2] / "assets" / "yunet" / "face_detection_yunet_2023mar.onnx"
SEARCH_PX = 640  # long side that is searched first; a face then still has >= 16 px where it spans 1/40 of it
CLOSE_SEARCH_PX = 1280
SMALLEST_SEARCH_PX = 320
PACKS = ("buffalo_l", "antelopev2", "buffalo_m", "buffalo_s", "buffalo_sc")  # insightface's, the best first
CONFIDENT = 0.8  # below it, other scales are tried too before the best is taken


class DetectorUnavailable(ValueError):
    """The detector asked for cannot be loaded; the message says why and what to do."""


@dataclass(frozen=True)
class Face:
    """One face: `box` (x, y, width, height), `landmarks` float32 [5, 2], `score` in [0, 1]."""

    box: tuple[float, float, float, float]
    landmarks: np.ndarray
    score: float

    @property
    def area(self) -> float:
        """Area of the box in square pixels."""
        return self.box[2] * self.box[3]


class Detector(Protocol):
    """Anything that finds faces; `detect` returns them sorted by area, largest first.

    With `every` it also looks closer for people in the background, which takes several times as long.
    """

    name: str

    def detect(self, picture: np.ndarray, every: bool = False) -> list[Face]: ...


def build_detector(name: str = "yunet", score_threshold: float = 0.6) -> Detector:
    """The detector of that name, "yunet" or "insightface". One per process and thread: detectors keep state.

    Raises ValueError for another name and DetectorUnavailable (a ValueError) where its model cannot be loaded.
    """
    if not 0.0 < score_threshold < 1.0:
        raise ValueError(
            f"`score_threshold` must lie between 0 and 1. Received: score_threshold={score_threshold}"
        )
    if name == "yunet":
        return YuNet(score_threshold)
    if name == "insightface":
        return InsightFace(score_threshold)
    raise ValueError(f"`name` must be 'yunet' or 'insightface'. Received: name={name!r}")


class YuNet:
    """YuNet, 2023 March, float32 (OpenCV model zoo, MIT), run by OpenCV; its file is checked by SHA-256."""

    name = "yunet"

    def __init__(self, score_threshold: float = 0.6) -> None:
        model = np.frombuffer(_read_checked(YUNET), dtype=np.uint8)
        no_config = np.zeros(0, dtype=np.uint8)
        level = cv2.utils.logging.setLogLevel(2)  # errors only: OpenCV 5 warns at each load of any ONNX file
        try:
            self._net = cv2.FaceDetectorYN.create(
                "onnx", model, no_config, (320, 320), score_threshold, 0.3, 500
            )
        finally:
            cv2.utils.logging.setLogLevel(level)

    def detect(self, picture: np.ndarray, every: bool = False) -> list[Face]:
        """The faces of `picture`, largest first; empty where there is none. `every`: those in the background too."""
        return search(picture, self._detect_at, every)

    def _detect_at(self, canvas: np.ndarray) -> list[Face]:
        height, width = canvas.shape[:2]
        self._net.setInputSize((width, height))
        _, rows = self._net.detect(np.ascontiguousarray(canvas[..., ::-1]))  # OpenCV's order is BGR
        found = []
        for row in np.zeros((0, 15), np.float32) if rows is None else np.asarray(rows, np.float32):
            x, y, w, h = (float(value) for value in row[:4])
            # YuNet names the eyes from the person's side: its "right eye" is the left one in the picture
            found.append(Face((x, y, w, h), row[4:14].reshape(5, 2).copy(), float(row[14])))
        return found


def insightface_models() -> Path:
    """The folder of the user's insightface model packs, one folder each (buffalo_l …)."""
    return Path.home() / ".insightface" / "models"


class InsightFace:
    """The detector of the user's insightface pack, the first of `PACKS` that is there (non-commercial research).

    Nothing is downloaded: insightface's own command does that, when its user wants it.
    """

    name = "insightface"

    def __init__(self, score_threshold: float = 0.6) -> None:
        try:
            from insightface.app import FaceAnalysis
        except ImportError as error:
            raise DetectorUnavailable(
                "insightface is not installed: pip install insightface onnxruntime"
            ) from error
        folder = insightface_models()
        pack = next((folder / name for name in PACKS if (folder / name).is_dir()), None)
        if pack is None:
            raise DetectorUnavailable(
                f"insightface's detector needs one of the model packs {', '.join(PACKS)} in {folder} "
                "(insightface-cli model.download buffalo_l; non-commercial research); the embedded one is called yunet"
            )
        try:
            self._app: Any = FaceAnalysis(
                str(pack), allowed_modules=["detection"], providers=["CPUExecutionProvider"]
            )
            self._app.prepare(ctx_id=-1, det_thresh=score_threshold, det_size=(640, 640))
        except (OSError, RuntimeError, ValueError, AssertionError) as error:
            reason = " ".join(str(error).split())
            raise DetectorUnavailable(
                f"insightface's detector could not be loaded from {pack} ({reason}); the embedded one is called yunet"
            ) from error

    def detect(self, picture: np.ndarray, every: bool = False) -> list[Face]:
        """The faces of `picture`, largest first; empty where there is none. `every`: those in the background too."""
        return search(picture, self._detect_at, every)

    def _detect_at(self, canvas: np.ndarray) -> list[Face]:
        height, width = canvas.shape[
            :2
        ]  # searched as it is: a fixed det_size would shrink the larger scales again
        rows, landmarks = self._app.det_model.detect(
            np.ascontiguousarray(canvas[..., ::-1]), input_size=(width, height)
        )
        found = []
        for (x0, y0, x1, y1, score), points in zip(rows.astype(float), landmarks, strict=True):
            found.append(Face((x0, y0, x1 - x0, y1 - y0), np.asarray(points, np.float32), float(score)))
        return found


def search(
    picture: np.ndarray, detect_at: Callable[[np.ndarray], list[Face]], every: bool = False
) -> list[Face]:
    """Searches `picture` at one scale and, where nothing sure is found, at others; coordinates of `picture`.

    First the whole picture with its long side at 640 px (a smaller one as it is, but at least at 320); then with a
    border of half its size, for faces that fill or leave the frame; then larger, for small faces. The surest wins.
    With `every` a larger picture is always searched larger too, and faces that overlap none of the others are added.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise ValueError(f"`picture` must be uint8 [H, W, 3]. Received: {picture.dtype} {picture.shape}")
    long_side = max(picture.shape[:2])
    best: list[Face] = []
    first_px = min(SEARCH_PX, max(long_side, SMALLEST_SEARCH_PX))
    attempts = [
        (first_px, 0.0),
        (SEARCH_PX, 0.5),
        (CLOSE_SEARCH_PX if long_side > SEARCH_PX else SEARCH_PX, 0.0),
    ]
    for search_px, border in attempts:
        found = _search_once(picture, search_px, border, detect_at)
        if max((f.score for f in found), default=0.0) > max((f.score for f in best), default=0.0):
            best = found
        if best and max(f.score for f in best) >= CONFIDENT:
            break
    if every and long_side > first_px:
        closer = _search_once(picture, min(CLOSE_SEARCH_PX, long_side), 0.0, detect_at)
        best = best + [face for face in closer if not any(_same_face(face, other) for other in best)]
    return sorted(best, key=lambda face: -face.area)


def _same_face(one: Face, other: Face) -> bool:
    """Whether half of the smaller box lies in the other: scales find boxes of different tightness."""
    (x, y, width, height), (u, v, wide, high) = one.box, other.box
    shared_width = min(x + width, u + wide) - max(x, u)
    shared_height = min(y + height, v + high) - max(y, v)
    return min(shared_width, shared_height) > 0 and shared_width * shared_height > 0.5 * min(
        one.area, other.area
    )


def _search_once(
    picture: np.ndarray, search_px: int, border: float, detect_at: Callable[[np.ndarray], list[Face]]
) -> list[Face]:
    """One search of the picture, `border` (a part of its size) around it, the whole scaled to `search_px`."""
    height, width = picture.shape[:2]
    factor = search_px / (max(height, width) * (1 + 2 * border))
    scaled_width, scaled_height = max(1, round(width * factor)), max(1, round(height * factor))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    scaled = cv2.resize(picture, (scaled_width, scaled_height), interpolation=way)
    left, top = round(scaled_width * border), round(scaled_height * border)
    # right and bottom are filled up to a multiple of 32, the detectors' coarsest grid
    right = -(scaled_width + 2 * left) % 32 + left
    bottom = -(scaled_height + 2 * top) % 32 + top
    canvas = cv2.copyMakeBorder(scaled, top, bottom, left, right, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    ratio = np.array([width / scaled_width, height / scaled_height])
    faces = []
    for face in detect_at(canvas):
        corner = (np.array(face.box[:2]) - [left, top] + 0.5) * ratio - 0.5
        size = np.array(face.box[2:]) * ratio
        landmarks = ((face.landmarks - [left, top] + 0.5) * ratio - 0.5).astype(np.float32)
        middle = corner + size / 2
        if (size > 0).all() and (middle >= 0).all() and (middle < [width, height]).all():
            faces.append(Face((*map(float, corner), *map(float, size)), landmarks, face.score))  # type: ignore[arg-type]
    return faces


def _read_checked(path: Path) -> bytes:
    """The bytes of an embedded model, compared with the SHA256SUMS beside it."""
    try:
        content = path.read_bytes()
        sums = (path.parent / "SHA256SUMS").read_text(encoding="ascii")
    except OSError as error:
        raise DetectorUnavailable(
            f"{path.name} is missing from {path.parent}: restore it from the project"
        ) from error
    expected = {line.split()[1]: line.split()[0] for line in sums.splitlines() if line.strip()}
    if hashlib.sha256(content).hexdigest() != expected.get(path.name):
        raise DetectorUnavailable(
            f"{path.name} is not the file that SHA256SUMS names: restore it from the project"
        )
    return content
