"""Reads the faces of finished pictures: identity, pose and expression.

The face of a picture is found and aligned anew. Of the swap only one thing is known: where the target's face was.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from data.faces.alignment import align
from data.faces.face import Detector, Face, shared_area
from facedancer_tf.evaluation.inception import Inception
from facedancer_tf.evaluation.judges import Judge
from facedancer_tf.judging.face_readings import EXPRESSIONS, read_faces

Reading = tuple[np.ndarray, np.ndarray, np.ndarray]  # landmarks [68, 2], angles [3], expression [7]
OVERLAP_MIN = 0.3  # of the union of both boxes; a face with a smaller overlap is another person's


@dataclass(frozen=True)
class Readings:
    """Readings of n pictures: `embeddings` [n, W], `landmarks` [n, 68, 2], `angles` [n, 3], `expression` [n, 7].

    The rows of pictures whose face was not found are NaN.
    """

    embeddings: np.ndarray
    landmarks: np.ndarray
    angles: np.ndarray
    expression: np.ndarray

    @property
    def has_face(self) -> np.ndarray:
        """Whether each picture has a face where it should be, bool [n]."""
        return ~np.isnan(self.embeddings).any(axis=1)


class Meter:
    """Finds the faces of finished pictures again and reads them."""

    def __init__(self, judge: Judge, detector: Detector, inception: Inception | None = None) -> None:
        self.judge, self.detector, self.inception = judge, detector, inception

    def find_again(self, picture: np.ndarray, place: Face) -> Face | None:
        """The face of `picture` that lies where `place` was; None if there is none or the detector fails."""
        try:
            candidates = self.detector.detect(picture)
        except cv2.error:
            return None
        best = max(candidates, key=lambda face: overlap(face, place), default=None)
        return best if best is not None and overlap(best, place) >= OVERLAP_MIN else None

    def embed(self, pictures: Sequence[np.ndarray], places: Sequence[Face]) -> np.ndarray:
        """The judge's embeddings [n, W] of the faces that lie at `places`; NaN where there is none any more."""
        return self._embed(pictures, [self.find_again(p, f) for p, f in zip(pictures, places, strict=True)])

    def read(self, pictures: Sequence[np.ndarray], places: Sequence[Face]) -> Readings:
        """Reads the faces that lie at `places`. A face that cannot be read counts as not found."""
        faces = [self.find_again(picture, place) for picture, place in zip(pictures, places, strict=True)]
        count = len(pictures)
        landmarks = np.full((count, 68, 2), np.nan)
        angles, expression = np.full((count, 3), np.nan), np.full((count, len(EXPRESSIONS)), np.nan)
        indices = [i for i, face in enumerate(faces) if face is not None]
        readings = read_each([pictures[i] for i in indices], [face for face in faces if face is not None])
        for i, reading in zip(indices, readings, strict=True):
            if reading is None:
                faces[i] = None
            else:
                landmarks[i], angles[i], expression[i] = reading
        return Readings(self._embed(pictures, faces), landmarks, angles, expression)

    def features(self, pictures: Sequence[np.ndarray], places: Sequence[Face]) -> np.ndarray:
        """Inception's features [n, 2048] of the aligned crops at `places`; [n, 0] without Inception."""
        if self.inception is None:
            return np.zeros((len(pictures), 0))
        size_px = self.inception.pixels.size_px
        crops = [align(p, f.landmarks, size_px) for p, f in zip(pictures, places, strict=True)]
        return self.inception(np.stack(crops))

    def _embed(self, pictures: Sequence[np.ndarray], faces: Sequence[Face | None]) -> np.ndarray:
        indices = [i for i, face in enumerate(faces) if face is not None]
        embeddings = np.full((len(pictures), self.judge.width), np.nan)
        if indices:
            present = [face for face in faces if face is not None]
            embeddings[indices] = self.judge.embed([pictures[i] for i in indices], present)
        return embeddings


def read_each(pictures: Sequence[np.ndarray], faces: Sequence[Face]) -> list[Reading | None]:
    """Reads each face; None for a face whose landmarks lie in one point or are not finite."""
    if not len(faces):
        return []
    try:
        readings = read_faces(pictures, faces)
    except (ValueError, cv2.error):  # one of the faces fails: read each by itself to find out which
        if len(faces) == 1:
            return [None]
        return [read_each([p], [f])[0] for p, f in zip(pictures, faces, strict=True)]
    return list(zip(readings.landmarks, readings.angles, readings.expression, strict=True))


def overlap(one: Face, other: Face) -> float:
    """Intersection over union of two faces' boxes, in [0, 1]."""
    shared = shared_area(one, other)
    return shared / (one.area + other.area - shared)
