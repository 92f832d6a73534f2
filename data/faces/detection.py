"""The face detectors by name, each safe to share among threads."""

from collections.abc import Callable

import numpy as np

from data.faces.face import Detector, Face, Search
from data.faces.insightface_detector import InsightFace
from data.faces.yunet import YuNet

DETECTORS: dict[str, Callable[[float], Detector]] = {"yunet": YuNet, "insightface": InsightFace}


def build_detector(name: str = "yunet", score_threshold: float = 0.6) -> Detector:
    """The detector "yunet" (embedded) or "insightface" (the user's models), for any number of threads.

    Raises ValueError for another name and DetectorUnavailable (a ValueError) where its model cannot be loaded.
    """
    if not 0.0 < score_threshold < 1.0:
        raise ValueError(
            f"`score_threshold` must lie between 0 and 1. Received: score_threshold={score_threshold}"
        )
    if name not in DETECTORS:
        raise ValueError(f"`name` must be 'yunet' or 'insightface'. Received: name={name!r}")
    return SharedDetector(lambda: DETECTORS[name](score_threshold))


class SharedDetector:
    """A detector for any number of threads: as many detectors of one kind as are at work at the same time.

    Detectors keep the size and the state of the picture that they work on, so that two threads on one would get each
    other's faces. The first is built at once, for what is wrong with it is to be heard then.
    """

    def __init__(self, build: Callable[[], Detector]) -> None:
        self._build = build
        self._idle = [build()]  # a list's pop and append are atomic
        self.name = self._idle[0].name

    def detect(self, picture: np.ndarray, search: Search = "patient") -> list[Face]:
        """The faces of `picture` uint8 [H, W, 3], largest first; empty where there is none."""
        try:
            detector = self._idle.pop()
        except IndexError:
            detector = self._build()
        try:
            return detector.detect(picture, search)
        finally:
            self._idle.append(detector)
