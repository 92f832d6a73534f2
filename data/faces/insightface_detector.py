"""The face detector of the user's own insightface models, which are for non-commercial research."""

import os
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from data.faces.face import DetectorUnavailable, Face, Search
from data.faces.search import search_picture

PACKS = ("buffalo_l", "antelopev2", "buffalo_m", "buffalo_s", "buffalo_sc")  # the best first


def insightface_models() -> Path:
    """The folder of the user's insightface model packs; each pack is a folder in it (buffalo_l …)."""
    return Path(os.path.expanduser("~"), ".insightface", "models")  # a user without a home has none


class InsightFace:
    """Detects faces with the user's insightface pack, the first of `PACKS` that exists (non-commercial research).

    It downloads nothing: users do that with insightface's own command if they want to.
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
        self._lock = Lock()
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

    def detect(self, picture: np.ndarray, search: Search = "patient") -> list[Face]:
        """Finds the faces of `picture`, largest first, or an empty list; any number of threads may call it."""
        return search_picture(picture, self._detect_at, search)

    def _detect_at(self, canvas: np.ndarray) -> list[Face]:
        # The canvas is searched at its own size: a fixed det_size would shrink the larger scales again.
        height, width = canvas.shape[:2]
        bgr = np.ascontiguousarray(canvas[..., ::-1])
        with self._lock:
            rows, landmarks = self._app.det_model.detect(bgr, input_size=(width, height))
        faces = []
        for (x0, y0, x1, y1, score), points in zip(rows.astype(float), landmarks, strict=True):
            faces.append(Face((x0, y0, x1 - x0, y1 - y0), np.asarray(points, np.float32), float(score)))
        return faces
