"""Decides, with the paste's oval, what of a swapped crop goes into a frame: outline, what is seen of the face, fades.

Points are (x, y) in pixels of the aligned crop; weights are float32 [M, M] in [0, 1] and lie over the crop.
"""

import cv2
import numpy as np

WEIGHT_PX = 64
# The outline of the mesh runs on the skin's border: the face is pasted a little beyond it, and fades over twice this
# share of the crop's side.
BEYOND = 0.03


def paste_weight(outline: np.ndarray, size_px: int, seen: np.ndarray, strength: float = 1.0) -> np.ndarray:
    """The weight [64, 64] of a crop of `size_px`: `strength`, inside the `outline` [N, 2], where the face is `seen`.

    `seen` is float32 [M, M]; `strength` in [0, 1] fades a face in and out. An `outline` that is not finite counts as
    none: the oval alone decides then.
    """
    weight = np.full((WEIGHT_PX, WEIGHT_PX), np.float32(strength))
    if np.isfinite(outline).all():
        weight *= _inside(outline, size_px)
    return weight * cv2.resize(seen, (WEIGHT_PX, WEIGHT_PX), interpolation=cv2.INTER_LINEAR)


def _inside(outline: np.ndarray, size_px: int) -> np.ndarray:
    """1 inside the outline, 0 beyond it, and in between a soft edge, [64, 64]."""
    fraction_bits = 4
    points = ((outline + 0.5) * (WEIGHT_PX / size_px) - 0.5) * 2**fraction_bits
    shape = np.zeros((WEIGHT_PX, WEIGHT_PX), np.float32)
    corners = np.rint(np.clip(points, -(2**14), 2**14)).astype(np.int32)
    cv2.fillPoly(shape, [corners], 1.0, cv2.LINE_8, fraction_bits)
    beyond_px = round(BEYOND * WEIGHT_PX)
    grown = cv2.dilate(shape, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * beyond_px + 1,) * 2))
    return cv2.GaussianBlur(grown, (0, 0), beyond_px)
