"""Aligned faces of picture files, with a count of those that could not be used and why."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from data.alignment import align
from data.detection import Face
from data.folders import Item, digest_listing
from data.pictures import UnreadablePicture, read_picture
from facedancer_tf.swapper import load_detector


class FaceReader:
    """Reads files and finds the largest face; `left_out` counts the files that gave none, by reason."""

    def __init__(self, detector: str, size_px: int, shrink: float = 1.0) -> None:
        self.detector = load_detector(detector)
        self.size_px, self.shrink = size_px, shrink
        self.left_out: Counter[str] = Counter()

    def read(self, path: Path) -> np.ndarray | None:
        """The upright picture uint8 [H, W, 3], or None where it cannot be read, which is counted."""
        try:
            return read_picture(path).rgb
        except UnreadablePicture as error:
            self.left_out[error.reason.replace("_", " ")] += 1
            return None

    def find(self, picture: np.ndarray) -> Face | None:
        """The largest face, or None where there is none, which is counted."""
        try:
            faces = self.detector.detect(picture)
        except cv2.error:
            faces = []
        if not faces:
            self.left_out["no face"] += 1
            return None
        return faces[0]

    def cut(self, picture: np.ndarray, face: Face) -> np.ndarray | None:
        """The aligned crop uint8 [S, S, 3], or None where the landmarks allow none, which is counted."""
        try:
            return align(picture, face.landmarks, self.size_px, self.shrink)
        except ValueError:  # landmarks that coincide or are not finite
            self.left_out["odd landmarks"] += 1
            return None

    def describe(self, place: Path, items: Sequence[Item]) -> str:
        """In words, `items` of the file or folder `place` and how faces are cut out of them: enough to do it again."""
        return (
            f"{len(items)} files of {place.resolve().name} (SHA-256 of their names and sizes "
            f"{digest_listing(items)[:16]}), faces found by {self.detector.name}, cut at {self.size_px} px with "
            f"shrink {self.shrink:g}"
        )

    def crop(self, path: Path) -> np.ndarray | None:
        """The aligned largest face of the file, or None."""
        if (picture := self.read(path)) is None or (face := self.find(picture)) is None:
            return None
        return self.cut(picture, face)
