"""Measures how sharp a pasted face is against the target's own face there, in the picture's pixels.

The finest octave of a picture is what its half size cannot hold: Y - up(down(Y)), the lowest level of the Laplacian
pyramid (Burt and Adelson, 1983) of the luma Y. Its energy E is the mean square over the pixels where the swapped face
alone is seen. Sharpness is E(finished picture) / E(target): 1 for a face as sharp as the one that it covers, less for a
softer one. Noise and wrong edges are sharp as well, so more than 1 is no merit.
"""

import cv2
import numpy as np

from data.faces.alignment import invert_transform
from facedancer_tf.swapping.paste import face_mask

ROWS_PX = 2**20  # pixels whose mask is computed at once; bounds the memory for a huge face


def sharpness(target: np.ndarray, finished: np.ndarray, transform: np.ndarray, size_px: int) -> float:
    """Sharpness of the pasted face in the finished picture; both pictures are uint8 [H, W, 3].

    `transform` [2, 3] maps the picture to the target's aligned crop of `size_px` that was not shrunk: there the paste's
    oval lies, whatever a system's size and shrink. NaN where the target's face has no detail, or no pixel.
    """
    corners = np.array([[0, 0, 1], [size_px, 0, 1], [0, size_px, 1], [size_px, size_px, 1]])
    corners = corners @ invert_transform(transform).T
    limits = [target.shape[1], target.shape[0]]
    left, top = (int(side) for side in np.clip(np.floor(corners.min(axis=0)), 0, limits))
    right, bottom = (int(side) for side in np.clip(np.ceil(corners.max(axis=0)), 0, limits))
    if right <= left or bottom <= top:
        return float("nan")
    inside = _face_alone((left, top, right, bottom), transform, size_px)
    before, after = (
        _finest_energy(picture[top:bottom, left:right], inside) for picture in (target, finished)
    )
    return after / before if before > 0 else float("nan")


def _face_alone(box: tuple[int, int, int, int], transform: np.ndarray, size_px: int) -> np.ndarray:
    """Where in a box (left, top, right, bottom) of the picture the paste's mask is 1, bool [h, w]."""
    left, top, right, bottom = box
    (a, b, c), (d, e, f) = transform.astype(np.float32)
    x = np.arange(left, right, dtype=np.float32)[None, :]
    rows = max(1, ROWS_PX // (right - left))
    parts = []
    for start in range(top, bottom, rows):
        y = np.arange(start, min(start + rows, bottom), dtype=np.float32)[:, None]
        parts.append(face_mask(a * x + b * y + c, d * x + e * y + f, size_px) == 1)
    return np.concatenate(parts)


def _finest_energy(box: np.ndarray, inside: np.ndarray) -> float:
    """Mean square of the finest octave of luma of `box` uint8 [h, w, 3] where `inside` is true; 0 where it never is."""
    luma = cv2.cvtColor(box, cv2.COLOR_RGB2GRAY).astype(np.float32)
    finest = luma - cv2.pyrUp(cv2.pyrDown(luma), dstsize=(luma.shape[1], luma.shape[0]))
    return float(np.mean(finest[inside] ** 2, dtype=np.float64)) if inside.any() else 0.0
