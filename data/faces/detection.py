"""Builds the face detectors by name; any number of threads may share one.

A new detector is a file beside this one and a line of `DETECTORS`, which the command lines offer.
"""

from collections.abc import Callable

import numpy as np

from data.faces.face import Detector, Face, Search
from data.faces.insightface_detector import InsightFace
from data.faces.yunet import YuNet

DETECTORS: dict[str, Callable[[float], Detector]] = {"yunet": YuNet, "insightface": InsightFace}


def build_detector(name: str = "yunet", score_threshold: float = 0.6) -> Detector:
    """Builds the detector "yunet" (embedded) or "insightface" (the user's models), for any number of threads.

    >>> from data.pictures import read_picture
    >>> (face,) = build_detector().detect(read_picture("assets/pictures/barack_obama.jpg").rgb)
    >>> face.landmarks.shape, face.score > 0.8
    ((5, 2), True)

    Raises ValueError for another name and DetectorUnavailable (a ValueError) where its model cannot be loaded.
    """
    if not 0.0 < score_threshold < 1.0:
        raise ValueError(
            f"`score_threshold` must lie between 0 and 1. Received: score_threshold={score_threshold}"
        )
    if name not in DETECTORS:
        raise ValueError(f"`name` must be one of {', '.join(DETECTORS)}. Received: name={name!r}")
    return SharedDetector(lambda: DETECTORS[name](score_threshold))


class SharedDetector:
    """A detector for any number of threads: it builds another one of its kind when all that it has are at work.

    A detector keeps the size and the state of the picture that it works on, so two threads with one detector would get
    each other's faces. It keeps as many as were ever at work at once. The first detector is built at once, so that an
    error in building it is raised at once.
    """

    def __init__(self, build: Callable[[], Detector]) -> None:
        self._build = build
        self._idle = [build()]  # a list's pop and append are atomic
        self.name = self._idle[0].name

    def detect(self, picture: np.ndarray, search: Search = "patient") -> list[Face]:
        """Finds the faces of `picture` uint8 [H, W, 3], largest first; the list is empty where there is none."""
        try:
            detector = self._idle.pop()
        except IndexError:
            detector = self._build()
        try:
            return detector.detect(picture, search)
        finally:
            self._idle.append(detector)
