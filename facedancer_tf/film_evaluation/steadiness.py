"""Measures what trembles from frame to frame: landmarks, brightness, and pixels along the target's own motion.

Trembling is read off second differences in time, a[t] - 2 a[t-1] + a[t-2]: even motion, however fast, has none. What
moves at random by s in each frame, independently, has second differences of root mean square s times √6.
"""

from collections import deque
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from data.faces.alignment import warp
from data.faces.face import Face
from facedancer_tf.evaluation.background import face_region
from facedancer_tf.evaluation.meter import overlap
from facedancer_tf.film_evaluation.sightings import Sighting
from facedancer_tf.film_evaluation.warping import excess_warping

SIZE_PX = 256  # of the square around the face in which pixels are compared
SQUARE = 1.2  # its side, in heights of the face
STAYED = 0.5  # overlap of a face's boxes in consecutive frames, below which it has jumped: a cut
TREMBLING = ("jitter_target_px", "jitter_swapped_px", "jitter_added_px", "flicker", "warping")


@dataclass(frozen=True)
class _Instant:
    """What of a frame is compared with the frames after it; `brightness`: of the swapped face beyond the target's."""

    sighting: Sighting
    brightness: float


class Steadiness:
    """Compares each frame with the one or two before it, as long as these show the face without a gap or a cut."""

    def __init__(self) -> None:
        self._before: deque[_Instant] = deque(maxlen=2)

    def measure(self, sighting: Sighting) -> dict[str, float]:
        """The values named in TREMBLING; NaN where too few frames before this one show the face.

        jitter_target_px, jitter_swapped_px: root mean square over the 68 landmarks of the length of their second
        differences. jitter_added_px: the same of the way from target's to swapped face's landmarks. flicker: absolute
        second difference of the face's mean level, swapped minus target. warping: as `excess_warping` gives it.
        """
        values = dict.fromkeys(TREMBLING, float("nan"))
        if self._before and not _goes_on(self._before[-1].sighting, sighting):
            self._before.clear()
        if sighting.pair.swapped is None:
            self._before.clear()
            return values
        transform = square_transform(sighting.face)
        now = _squares(sighting, transform)
        brightness = _brightness(now[0], now[1], sighting.target.landmarks, transform)
        if self._before:
            before = _squares(self._before[-1].sighting, transform)
            values["warping"] = excess_warping(before[0], now[0], before[1], now[1])
        if len(self._before) == 2:
            first, second = self._before
            three = (first.sighting, second.sighting, sighting)
            target = _second_difference(*(seen.target.landmarks for seen in three))
            swapped = _second_difference(*(seen.swapped.landmarks for seen in three))
            values["jitter_target_px"] = _length(target)
            values["jitter_swapped_px"] = _length(swapped)
            values["jitter_added_px"] = _length(swapped - target)
            values["flicker"] = abs(_second_difference(first.brightness, second.brightness, brightness))
        self._before.append(_Instant(sighting, brightness))
        return values


def square_transform(face: Face) -> np.ndarray:
    """The transform [2, 3] that cuts the square around a face out of its picture."""
    x, y, width, height = face.box
    side = SQUARE * max(width, height)
    scale = SIZE_PX / side
    corner = np.array([x + width / 2 - side / 2, y + height / 2 - side / 2])
    return np.hstack([scale * np.eye(2), -scale * corner[:, None]])


def _squares(sighting: Sighting, transform: np.ndarray) -> list[np.ndarray]:
    """The square of `transform` in the target's and in the swapped film's frame, uint8 [256, 256, 3]."""
    pictures = (sighting.pair.target, sighting.pair.swapped)
    return [warp(picture, transform, SIZE_PX) for picture in pictures if picture is not None]


def _goes_on(before: Sighting, now: Sighting) -> bool:
    return now.pair.number == before.pair.number + 1 and overlap(before.face, now.face) >= STAYED


def _brightness(
    target: np.ndarray, swapped: np.ndarray, landmarks: np.ndarray, transform: np.ndarray
) -> float:
    if np.isnan(landmarks).any():
        return float("nan")
    region = face_region(landmarks, transform, SIZE_PX)
    return float(swapped[region].mean() - target[region].mean()) if region.any() else float("nan")


Number = TypeVar("Number", float, np.ndarray)


def _second_difference(first: Number, second: Number, third: Number) -> Number:
    return third - 2 * second + first


def _length(differences: np.ndarray) -> float:
    return float(np.sqrt((differences**2).sum(axis=1).mean()))
