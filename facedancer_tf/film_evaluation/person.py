"""Decides whose face is measured: one person of the target film, in every frame that shows them."""

from collections.abc import Iterable

import cv2
import numpy as np

from data.faces.face import Detector, Face
from facedancer_tf.errors import UserError
from facedancer_tf.evaluation.judges import Judge
from facedancer_tf.film_evaluation.pairing import FramePair

SAME_PERSON = 0.6  # dlib's own bound of its distance
# A face whose levels differ by less is unchanged. Compared at 16 px, where compression is averaged away.
UNCHANGED_LEVELS, COMPARED_PX = 1.5, 16


def change_levels(target: np.ndarray, swapped: np.ndarray, face: Face) -> float:
    """How much a face differs between two pictures [H, W, 3]: mean absolute difference in levels, shrunk to 16 px."""
    height, width = target.shape[:2]
    left, top = (max(0, round(edge)) for edge in face.box[:2])
    right = min(width, round(face.box[0] + face.box[2]))
    bottom = min(height, round(face.box[1] + face.box[3]))
    if left >= right or top >= bottom:
        return 0.0
    small = [
        cv2.resize(picture[top:bottom, left:right], (COMPARED_PX, COMPARED_PX), interpolation=cv2.INTER_AREA)
        for picture in (target, swapped)
    ]
    return float(np.abs(small[0].astype(np.float32) - small[1]).mean())


def choose_person(samples: Iterable[FramePair], detector: Detector, judge: Judge) -> np.ndarray:
    """The embedding [128] of the person whose face was swapped, from some pairs of the film.

    That is the face that changed most, or the largest one where none has changed; averaged over all samples that show
    the same person. Raises UserError where the target shows no face in any sample.
    """
    faces, changes, embeddings = [], [], []
    for pair in samples:
        for face in detector.detect(pair.target):
            faces.append(face)
            changes.append(0.0 if pair.swapped is None else change_levels(pair.target, pair.swapped, face))
            embeddings.append(judge.embed([pair.target], [face])[0])
    if not faces:
        raise UserError("the target film shows no face in any of the frames that were looked at", "no_face")
    changed = max(changes) >= UNCHANGED_LEVELS
    chosen = int(np.argmax(changes if changed else [face.area for face in faces]))
    known = np.stack(embeddings)
    same = judge.compare(known[chosen : chosen + 1], known)[0] < SAME_PERSON
    return known[same].mean(axis=0)


class Follower:
    """Finds one person among the faces of one frame after another.

    It is the face nearest to the person's embedding or to the person's face in the last frame that had it, where one
    of both distances is below dlib's 0.6. So heads may turn, people may cross, leave and come back.
    """

    def __init__(self, person: np.ndarray, judge: Judge) -> None:
        self._person, self._last, self._judge = person, person, judge

    def find(self, embeddings: np.ndarray) -> int | None:
        """The number of the person's face among the `embeddings` [n, 128] of a frame's faces; None if it is away."""
        if not len(embeddings):
            return None
        known = np.stack([self._person, self._last])
        distances = self._judge.compare(embeddings, known).min(axis=1)
        nearest = int(np.argmin(distances))
        if distances[nearest] >= SAME_PERSON:
            return None
        self._last = embeddings[nearest]
        return nearest
