"""The embedded face detector: YuNet, 2023 March, float32 (OpenCV model zoo, MIT), run by OpenCV."""

from pathlib import Path
from threading import Lock

import cv2
import numpy as np

from data.checksums import Damaged, read_checked
from data.faces.face import DetectorUnavailable, Face, Search
from data.faces.search import search_picture

MODEL = Path(__file__).resolve().parents[2] / "assets" / "yunet" / "face_detection_yunet_2023mar.onnx"


class YuNet:
    """Detects faces with the embedded YuNet, whose file is checked by SHA-256."""

    name = "yunet"

    def __init__(self, score_threshold: float = 0.6) -> None:
        model = np.frombuffer(_read_checked(MODEL), dtype=np.uint8)
        no_config = np.zeros(0, dtype=np.uint8)
        level = cv2.utils.logging.setLogLevel(2)  # errors only: OpenCV 5 warns at each load of any ONNX file
        try:
            self._net = cv2.FaceDetectorYN.create(
                "onnx", model, no_config, (320, 320), score_threshold, 0.3, 500
            )
        finally:
            cv2.utils.logging.setLogLevel(level)
        self._lock = Lock()

    def detect(self, picture: np.ndarray, search: Search = "patient") -> list[Face]:
        """Finds the faces of `picture`, largest first, or an empty list; any number of threads may call it."""
        return search_picture(picture, self._detect_at, search)

    def _detect_at(self, canvas: np.ndarray) -> list[Face]:
        height, width = canvas.shape[:2]
        bgr = np.ascontiguousarray(canvas[..., ::-1])
        with self._lock:  # the size belongs to the call
            self._net.setInputSize((width, height))
            _, rows = self._net.detect(bgr)
        faces = []
        for row in np.zeros((0, 15), np.float32) if rows is None else np.asarray(rows, np.float32):
            x, y, w, h = (float(value) for value in row[:4])
            # YuNet names the eyes from the person's side: its "right eye" is the left one in the picture
            faces.append(Face((x, y, w, h), row[4:14].reshape(5, 2).copy(), float(row[14])))
        return faces


def _read_checked(path: Path) -> bytes:
    """Reads the bytes of the embedded model; raises DetectorUnavailable where they are missing or others."""
    try:
        return read_checked(path)
    except OSError as error:
        raise DetectorUnavailable(
            f"{path.name} is missing from {path.parent}: restore it from the project"
        ) from error
    except Damaged as error:
        raise DetectorUnavailable(f"{error}: restore it from the project") from error
