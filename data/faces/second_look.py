"""Looks a second time at a face that was found: straightens it, and says whether it is one.

Detectors mostly see upright faces, and the five points that they give hardly follow a head's roll: in a picture turned
by 45 degrees they lie as in an upright one. But the score falls with the roll. So the surroundings of the face are
searched at twelve turns, in cut-outs so small that only an upright face is seen surely; the turn where the score
peaks is the roll. The landmarks are then read in a straight, larger cut-out. There the face always has the same size,
so that they are as good in a picture of a hundred megapixels as in a small one.

A roll is in degrees, positive where the head is tilted clockwise in the picture. `benchmarks/rolled_faces.py`
measures what comes out.
"""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from data.faces.alignment import invert_transform, misfit, warp
from data.faces.face import Face

TURNS = 12
# Sides of the box in a cut-out, and of the cut-out. A turned one is small on purpose, a straight one shows more.
TURNED_FACE_PX, TURNED_PX = 40, 64
STRAIGHT_FACE_PX, STRAIGHT_PX = 80, 160
AROUND = 1.425  # sides of the surroundings from which a cut-out is taken, in its own: it is turned in any direction
MIRRORED = [1, 0, 2, 4, 3]  # for each landmark, the number that it has in the mirrored picture
SHARPNESS = 32  # scores to this power weigh the turns: only those near the peak count
UPRIGHT = 0.9  # at this score or more, a peak among three turns is the peak of all
SURE = 0.85  # below this score the first look knows more, as where a mask hides half of the face
CONFIDENT = 0.8  # a find with a lower score needs a second look that sees it too
LARGEST_MISFIT = 0.12  # a profile has 0.09; points that lie on a line, and most random ones, have more

DetectAt = Callable[[np.ndarray], list[Face]]  # finds the faces of a picture at the picture's own size


def look_again(picture: np.ndarray, face: Face, detect_at: DetectAt) -> Face | None:
    """The same face with straight landmarks and the score of the straight look, or None where it is no face.

    It is no face where its first score was doubtful and no turn shows it, or where its landmarks fit no face at any
    roll. The box stays. Where the second look is not sure, the first one counts. `picture` is uint8 [H, W, 3].
    """
    to_around = _box_to_middle(face.box, STRAIGHT_FACE_PX, round(AROUND * STRAIGHT_PX))
    around = warp(picture, to_around, round(AROUND * STRAIGHT_PX))
    roll = _roll_of_peak(around, detect_at)
    if roll is None and face.score < CONFIDENT:
        return None
    straight = None if roll is None else _straight_look(around, roll, detect_at)
    settled = face
    if straight is not None and straight.score >= SURE:
        landmarks = _moved(straight.landmarks, invert_transform(to_around)).astype(np.float32)
        settled = replace(face, landmarks=landmarks, score=straight.score)
    return settled if misfit(settled.landmarks) <= LARGEST_MISFIT else None


def _roll_of_peak(around: np.ndarray, detect_at: DetectAt) -> float | None:
    """The roll at which the face in the middle of `around` has its best score; None where no turn shows a face.

    An upright face shows after three turns that it is one; any other is searched at all turns.
    """
    side_px = round(AROUND * TURNED_PX)
    small = cv2.resize(around, (side_px, side_px), interpolation=cv2.INTER_AREA)
    scores = np.zeros(TURNS)

    def look(turn: int) -> None:
        crop, _ = _turned_back(small, 360.0 / TURNS * turn, TURNED_PX)
        in_middle = _face_in_middle(detect_at(crop), TURNED_PX)
        scores[turn] = 0.0 if in_middle is None else in_middle.score

    for turn in (0, 1, TURNS - 1):
        look(turn)
    if scores[0] < max(UPRIGHT, scores.max()):
        for turn in range(2, TURNS - 1):
            look(turn)
    if not scores.any():
        return None
    weights = (scores / scores.max()) ** SHARPNESS
    return float(np.degrees(np.angle(weights @ np.exp(2j * np.pi / TURNS * np.arange(TURNS)))))


def _straight_look(around: np.ndarray, roll: float, detect_at: DetectAt) -> Face | None:
    """The face in the middle of `around`, read where it is straight and averaged with what its mirror image shows.

    None where the face is not seen in both.
    """
    crop, transform = _turned_back(around, roll, STRAIGHT_PX)
    seen = _face_in_middle(detect_at(crop), STRAIGHT_PX)
    mirrored = _face_in_middle(detect_at(crop[:, ::-1]), STRAIGHT_PX)
    if seen is None or mirrored is None:
        return None
    unmirrored = mirrored.landmarks[MIRRORED] * [-1, 1] + [STRAIGHT_PX - 1, 0]
    landmarks = _moved((seen.landmarks + unmirrored) / 2, invert_transform(transform))
    return replace(seen, landmarks=landmarks, score=(seen.score + mirrored.score) / 2)


def _box_to_middle(box: tuple[float, float, float, float], face_px: float, size_px: int) -> np.ndarray:
    """The transform [2, 3] to a square of `size_px` that has the middle of `box` in its middle, `face_px` wide."""
    x, y, width, height = box
    scale = face_px / np.sqrt(width * height)
    left, top = (size_px - 1) / 2 - scale * np.array([x + width / 2, y + height / 2])
    return np.array([[scale, 0.0, left], [0.0, scale, top]])


def _turned_back(around: np.ndarray, roll: float, size_px: int) -> tuple[np.ndarray, np.ndarray]:
    """The middle of `around` turned by -`roll`, uint8 [size_px, size_px, 3], and the transform [2, 3] to it."""
    middle = (len(around) - 1) / 2
    transform = np.asarray(cv2.getRotationMatrix2D((middle, middle), roll, 1.0), np.float64)
    transform[:, 2] += (size_px - len(around)) / 2
    return cv2.warpAffine(around, transform, (size_px, size_px)), transform


def _moved(points: np.ndarray, transform: np.ndarray) -> np.ndarray:
    return points @ transform[:, :2].T + transform[:, 2]


def _face_in_middle(faces: list[Face], size_px: int) -> Face | None:
    """The surest of `faces` whose box holds the middle of the cut-out: another one may be seen at its edge."""
    middle = (size_px - 1) / 2

    def holds_middle(face: Face) -> bool:
        x, y, width, height = face.box
        return x <= middle <= x + width and y <= middle <= y + height

    return max(filter(holds_middle, faces), key=lambda face: face.score, default=None)
