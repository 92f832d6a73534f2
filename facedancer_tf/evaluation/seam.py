"""Measures how much a paste's rim is seen, against the untouched picture.

A colour step is the vector in CIE Lab from a point just outside the rim, where nothing changed, to the point on the
same ray just inside, where the swapped face alone is seen. Both are read from the aligned crop, blurred by a Gaussian
of 1/128 of its side, so that texture does not count. There are 180 rays around the face.

The seam is the mean length (ΔE, 1976) of finished step - untouched step: 0 for a paste that changes no step, 5 for one
whose colour breaks off by 5 all around. The mean lengths of both steps alone say less, because hair, background and
shade make steps too: a face that is darkened before a dark background has smaller steps than the untouched one.
"""

import cv2
import numpy as np

from data.faces.alignment import invert_transform, warp
from facedancer_tf.swapping.paste import rim_points

RAYS = 180
BLUR = 1 / 128


def seam_values(
    target: np.ndarray, finished: np.ndarray, transform: np.ndarray, size_px: int
) -> dict[str, float]:
    """The seam of the finished picture, and the mean colour steps of both pictures, uint8 [H, W, 3]; all in ΔE.

    `transform` [2, 3] maps the picture to the target's aligned crop of `size_px` that was not shrunk: there the paste's
    oval lies, whatever a system's size and shrink. Rays that leave the picture do not count; NaN where all do.
    """
    rim = np.stack(rim_points(RAYS, size_px))  # [2, rays, (x, y)]
    to_picture = invert_transform(transform)
    places = rim @ to_picture[:, :2].T + to_picture[:, 2]
    limits = np.array([target.shape[1] - 1, target.shape[0] - 1])
    rim = rim[:, ((places >= 0) & (places <= limits)).all(axis=(0, 2))]
    if not rim.size:
        return dict.fromkeys(("seam", "rim_step", "rim_step_target"), float("nan"))
    before, after = (_colour_steps(warp(picture, transform, size_px), rim) for picture in (target, finished))
    steps = {"seam": after - before, "rim_step": after, "rim_step_target": before}
    return {name: float(np.linalg.norm(step, axis=1).mean()) for name, step in steps.items()}


def _colour_steps(crop: np.ndarray, rim: np.ndarray) -> np.ndarray:
    """The colour steps in Lab [n, 3] of an aligned crop uint8 [S, S, 3] at `rim` [2, n, 2]: inside - outside."""
    smooth = cv2.GaussianBlur(crop, (0, 0), BLUR * len(crop))
    x, y = np.moveaxis(rim.astype(np.float32), -1, 0)
    colours = cv2.remap(smooth, x, y, cv2.INTER_LINEAR)  # [2, n, 3]
    inside, outside = cv2.cvtColor(colours.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    return inside - outside
