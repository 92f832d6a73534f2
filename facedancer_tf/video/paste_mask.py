"""Decides what of a swapped crop goes into a frame: the paste's oval, the face's outline, what is seen of it, fades.

Points are (x, y) in pixels of the aligned crop; masks are float32 [M, M] in [0, 1] and lie over the crop.
"""

from functools import cache

import cv2
import numpy as np

from facedancer_tf.swapping.paste import face_mask

MASK_PX = 128
# The outline of the mesh runs on the skin's border: the face is pasted a little beyond it, and fades over twice this
# share of the crop's side.
BEYOND = 0.03


def paste_mask(
    outline: np.ndarray, size_px: int, seen: np.ndarray, strength: float = 1.0, shrink: float = 1.0
) -> np.ndarray:
    """The mask [128, 128] of a crop of `size_px`: inside oval and `outline` [N, 2], as far as the face is `seen`.

    `seen` is float32 [M, M]; `strength` in [0, 1] fades a face in and out; `shrink` is the crop's. An `outline` that is
    not finite counts as none.
    """
    mask = cv2.resize(seen, (MASK_PX, MASK_PX), interpolation=cv2.INTER_LINEAR) * (strength * _oval(shrink))
    return mask * _inside(outline, size_px) if np.isfinite(outline).all() else mask


@cache
def _oval(shrink: float) -> np.ndarray:
    """The paste's oval, [128, 128]."""
    y, x = np.mgrid[:MASK_PX, :MASK_PX].astype(np.float32)
    return face_mask(x, y, MASK_PX, shrink)


def _inside(outline: np.ndarray, size_px: int) -> np.ndarray:
    """1 inside the outline, 0 beyond it, and in between a soft edge, [128, 128]."""
    fraction_bits = 4
    points = ((outline + 0.5) * (MASK_PX / size_px) - 0.5) * 2**fraction_bits
    shape = np.zeros((MASK_PX, MASK_PX), np.uint8)
    corners = np.rint(np.clip(points, -(2**14), 2**14)).astype(np.int32)
    cv2.fillPoly(shape, [corners], 255, cv2.LINE_8, fraction_bits)
    beyond_px = round(BEYOND * MASK_PX)
    grown = cv2.dilate(shape, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * beyond_px + 1,) * 2))
    return cv2.GaussianBlur(grown, (0, 0), beyond_px).astype(np.float32) / 255
