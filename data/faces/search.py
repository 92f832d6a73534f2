"""Searches pictures of any size with a detector that finds upright faces of medium size best.

Pictures are uint8 RGB [H, W, 3]; a detector is a function from such a picture to its faces.
"""

from typing import get_args

import cv2
import numpy as np

from data.faces.face import Face, Search, shared_area
from data.faces.second_look import CONFIDENT, DetectAt, look_again

SEARCH_PX = 640  # long side of the first search: a face that spans 1/40 of it still has at least 16 px
CLOSE_SEARCH_PX = 1280
SMALLEST_SEARCH_PX = 320
QUICK_SECOND_LOOKS = 4  # each takes 5 ms at most, a third of a search at 640 px


def search_picture(picture: np.ndarray, detect_at: DetectAt, search: Search) -> list[Face]:
    """Searches `picture` at one scale and, if no face there is sure, at others; faces have coordinates of `picture`.

    The first search takes the whole picture with its long side at 640 px (a smaller picture at its own size, but at
    least at 320 px); "quick" ends there. The second adds a border of half the picture's size, for faces that fill or
    leave the frame; the third enlarges, for small faces. The scale with the surest face wins. Where all of them find
    nothing, the picture is laid on its sides. With "every" a larger picture is always searched at a larger scale too,
    and faces that overlap none of the others are added. Every face that a search finds gets a second look, which
    straightens it (`data.faces.second_look`); with "quick" only the four largest do, so that a crowd does not hold up a
    stream. Raises ValueError for another word or an array that is no picture.
    """
    if search not in get_args(Search):
        raise ValueError(
            f"`search` must be one of {', '.join(get_args(Search))}. Received: search={search!r}"
        )
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise ValueError(f"`picture` must be uint8 [H, W, 3]. Received: {picture.dtype} {picture.shape}")

    def settle(faces: list[Face]) -> list[Face]:
        faces = sorted(faces, key=lambda face: -face.area)
        count = QUICK_SECOND_LOOKS if search == "quick" else len(faces)
        looks = [look_again(picture, face, detect_at) for face in faces[:count]]
        return [face for face in looks if face is not None] + faces[count:]

    long_side = max(picture.shape[:2])
    best: list[Face] = []
    first_px = min(SEARCH_PX, max(long_side, SMALLEST_SEARCH_PX))
    attempts = [
        (first_px, 0.0),
        (SEARCH_PX, 0.5),
        (CLOSE_SEARCH_PX if long_side > SEARCH_PX else SEARCH_PX, 0.0),
    ]
    for search_px, border in attempts[:1] if search == "quick" else attempts:
        faces = settle(_search_once(picture, search_px, border, detect_at))
        if _surest(faces) > _surest(best):
            best = faces
        if _surest(best) >= CONFIDENT:
            break
    for quarters in (1, 3):
        if not best and search != "quick":
            lying = _search_once(np.rot90(picture, quarters), first_px, 0.0, detect_at)
            best = settle([_stand_up(face, quarters, picture.shape) for face in lying])
    if search == "every" and long_side > first_px:
        closer = _search_once(picture, min(CLOSE_SEARCH_PX, long_side), 0.0, detect_at)
        best = best + settle([face for face in closer if not any(_same_face(face, other) for other in best)])
    return sorted(best, key=lambda face: -face.area)


def _stand_up(face: Face, quarters: int, shape: tuple[int, ...]) -> Face:
    """A face of `np.rot90(picture, quarters)`, `quarters` odd, in coordinates of the picture, of this `shape`."""
    turn_back = np.linalg.matrix_power([[0, -1], [1, 0]], quarters)
    middle_lying, middle = (np.array(shape[:2]) - 1) / 2, (np.array(shape[1::-1]) - 1) / 2
    corner, size = np.array(face.box[:2]), np.array(face.box[2:])
    box_middle = turn_back @ (corner + size / 2 - middle_lying) + middle
    landmarks = ((face.landmarks - middle_lying) @ turn_back.T + middle).astype(np.float32)
    return Face((*map(float, box_middle - size[::-1] / 2), *map(float, size[::-1])), landmarks, face.score)  # type: ignore[arg-type]


def _surest(faces: list[Face]) -> float:
    """The highest score among `faces`, or 0 where there are none."""
    return max((face.score for face in faces), default=0.0)


def _same_face(one: Face, other: Face) -> bool:
    """Says whether half of the smaller box lies in the other: boxes of different scales are not equally tight."""
    return shared_area(one, other) > 0.5 * min(one.area, other.area)


def _search_once(picture: np.ndarray, search_px: int, border: float, detect_at: DetectAt) -> list[Face]:
    """Searches the picture once, scaled to `search_px` with a `border` (a fraction of its size) around it."""
    height, width = picture.shape[:2]
    factor = search_px / (max(height, width) * (1 + 2 * border))
    scaled_width, scaled_height = max(1, round(width * factor)), max(1, round(height * factor))
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    scaled = cv2.resize(picture, (scaled_width, scaled_height), interpolation=interpolation)
    left, top = round(scaled_width * border), round(scaled_height * border)
    # The detectors' coarsest grid is 32 px: right and bottom are filled up to a multiple of it.
    right = -(scaled_width + 2 * left) % 32 + left
    bottom = -(scaled_height + 2 * top) % 32 + top
    canvas = cv2.copyMakeBorder(scaled, top, bottom, left, right, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    ratio = np.array([width / scaled_width, height / scaled_height])
    faces = []
    for face in detect_at(canvas):
        corner = (np.array(face.box[:2]) - [left, top] + 0.5) * ratio - 0.5
        size = np.array(face.box[2:]) * ratio
        landmarks = ((face.landmarks - [left, top] + 0.5) * ratio - 0.5).astype(np.float32)
        middle = corner + size / 2
        if (size > 0).all() and (middle >= 0).all() and (middle < [width, height]).all():
            faces.append(Face((*map(float, corner), *map(float, size)), landmarks, face.score))  # type: ignore[arg-type]
    return faces
