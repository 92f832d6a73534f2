"""Sheets that show heads side by side, to look at what the numbers mean. Sheets are uint8 RGB [H, W, 3]."""

from collections.abc import Sequence

import cv2
import numpy as np

from data.faces.face import Face
from facedancer_tf.evaluation.portrait_set import Portrait
from facedancer_tf.evaluation.systems import System

TILE_PX, HEAD, GAP_PX = 208, 1.7, 4  # HEAD: side of the square around a head, in heights of its face
WHITE = 255


def head(picture: np.ndarray, face: Face) -> np.ndarray:
    """The square that shows the whole head around a face, uint8 [208, 208, 3]; it never leaves the picture."""
    height, width = picture.shape[:2]
    side = min(round(HEAD * max(face.box[2:])), height, width)
    left = int(np.clip(round(face.box[0] + face.box[2] / 2 - side / 2), 0, width - side))
    top = int(np.clip(round(face.box[1] + face.box[3] / 2 - side / 2), 0, height - side))
    square = picture[top : top + side, left : left + side]
    interpolation = cv2.INTER_AREA if side > TILE_PX else cv2.INTER_CUBIC
    return cv2.resize(square, (TILE_PX, TILE_PX), interpolation=interpolation)


def swap_one(system: System, source: Portrait, target: Portrait) -> np.ndarray:
    """Swaps one pair and returns the finished picture."""
    return system.paste(target, system.swap([source], [target])[0])


def strip(system: System, source: Portrait, target: Portrait) -> np.ndarray:
    """Source, target and swapped face side by side, without a gap."""
    swapped = swap_one(system, source, target)
    return np.concatenate(
        [
            head(p, f)
            for p, f in ((source.picture, source.face), (target.picture, target.face), (swapped, target.face))
        ],
        axis=1,
    )


def grid(system: System, sources: Sequence[Portrait], targets: Sequence[Portrait]) -> np.ndarray:
    """A table of swapped faces: targets above, sources at the left. The cell of a picture with itself stays empty."""
    step = TILE_PX + GAP_PX
    sheet = np.full(
        ((len(sources) + 1) * step + GAP_PX, (len(targets) + 1) * step + GAP_PX, 3), WHITE, np.uint8
    )

    def put(row: int, column: int, picture: np.ndarray, face: Face) -> None:
        y, x = row * step + GAP_PX, column * step + GAP_PX
        sheet[y : y + TILE_PX, x : x + TILE_PX] = head(picture, face)

    for column, target in enumerate(targets, start=1):
        put(0, column, target.picture, target.face)
    for row, source in enumerate(sources, start=1):
        put(row, 0, source.picture, source.face)
        for column, target in enumerate(targets, start=1):
            if source.path != target.path:
                put(row, column, swap_one(system, source, target), target.face)
    return sheet
