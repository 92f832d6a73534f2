"""Reading the faces of finished pictures: who, which way, which expression.

A picture is judged as anybody would judge it: its face is found and aligned anew, nothing is known of the swap but
where the target's face was.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from data.faces.alignment import align
from data.faces.face import Detector, Face
from facedancer_tf.evaluation.inception import Inception
from facedancer_tf.evaluation.judges import Judge
from facedancer_tf.judging.face_readings import EXPRESSIONS, read_faces
from facedancer_tf.swapping.portraits import can_be_aligned

Reading = tuple[np.ndarray, np.ndarray, np.ndarray]  # landmarks [68, 2], angles [3], expression [7]
OVERLAP_MIN = 0.3  # of the union of both boxes; a face that overlaps less is somebody else's


@dataclass(frozen=True)
class Read:
    """What was read of n pictures: `embeddings` [n, W], `landmarks` [n, 68, 2], `angles` [n, 3], `expression` [n, 7].

    Rows of pictures whose face was not found are NaN.
    """

    embeddings: np.ndarray
    landmarks: np.ndarray
    angles: np.ndarray
    expression: np.ndarray

    @property
    def found(self) -> np.ndarray:
        """Which pictures have a face where it should be, bool [n]."""
        return ~np.isnan(self.embeddings).any(axis=1)


class Meter:
    """Finds the faces of pictures again and reads them."""

    def __init__(self, judge: Judge, detector: Detector, inception: Inception | None = None) -> None:
        self.judge, self.detector, self.inception = judge, detector, inception

    def find_again(self, picture: np.ndarray, place: Face) -> Face | None:
        """The face of `picture` that lies where `place` was, or None; also where the detector fails on the picture."""
        try:
            found = [face for face in self.detector.detect(picture) if can_be_aligned(face)]
        except cv2.error:
            return None
        best = max(found, key=lambda face: overlap(face, place), default=None)
        return best if best is not None and overlap(best, place) >= OVERLAP_MIN else None

    def embed(self, pictures: Sequence[np.ndarray], places: Sequence[Face]) -> np.ndarray:
        """The judge's embeddings [n, W] of the faces that lie at `places`; NaN where there is none any more."""
        return self._embed(pictures, [self.find_again(p, f) for p, f in zip(pictures, places, strict=True)])

    def read(self, pictures: Sequence[np.ndarray], places: Sequence[Face]) -> Read:
        """All that can be read of the faces that lie at `places`; where nothing can, the face counts as not found."""
        faces = [self.find_again(picture, place) for picture, place in zip(pictures, places, strict=True)]
        count = len(pictures)
        landmarks = np.full((count, 68, 2), np.nan)
        angles, expression = np.full((count, 3), np.nan), np.full((count, len(EXPRESSIONS)), np.nan)
        seen = [i for i, face in enumerate(faces) if face is not None]
        readings = read_each([pictures[i] for i in seen], [face for face in faces if face is not None])
        for i, reading in zip(seen, readings, strict=True):
            if reading is None:
                faces[i] = None
            else:
                landmarks[i], angles[i], expression[i] = reading
        return Read(self._embed(pictures, faces), landmarks, angles, expression)

    def features(self, pictures: Sequence[np.ndarray], places: Sequence[Face]) -> np.ndarray:
        """Inception's features [n, 2048] of the aligned crops at `places`; [n, 0] without Inception."""
        if self.inception is None:
            return np.zeros((len(pictures), 0))
        size_px = self.inception.pixels.size_px
        crops = [align(p, f.landmarks, size_px) for p, f in zip(pictures, places, strict=True)]
        return self.inception(np.stack(crops))

    def _embed(self, pictures: Sequence[np.ndarray], faces: Sequence[Face | None]) -> np.ndarray:
        seen = [i for i, face in enumerate(faces) if face is not None]
        embeddings = np.full((len(pictures), self.judge.width), np.nan)
        if seen:
            found = [face for face in faces if face is not None]
            embeddings[seen] = self.judge.embed([pictures[i] for i in seen], found)
        return embeddings


def read_each(pictures: Sequence[np.ndarray], faces: Sequence[Face]) -> list[Reading | None]:
    """`read_faces` of each face apart; None where its landmarks lie in one point or nowhere."""
    if not len(faces):
        return []
    try:
        found = read_faces(pictures, faces)
    except (ValueError, cv2.error):  # of any of them: so each for itself
        if len(faces) == 1:
            return [None]
        return [read_each([p], [f])[0] for p, f in zip(pictures, faces, strict=True)]
    return list(zip(found.landmarks, found.angles, found.expression, strict=True))


def overlap(one: Face, other: Face) -> float:
    """Intersection over union of two faces' boxes, in [0, 1]."""
    (x, y, width, height), (u, v, wide, high) = one.box, other.box
    shared_width = max(0.0, min(x + width, u + wide) - max(x, u))
    shared = shared_width * max(0.0, min(y + height, v + high) - max(y, v))
    return shared / (one.area + other.area - shared)
