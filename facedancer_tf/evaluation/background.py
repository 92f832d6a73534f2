"""Measures how much the generator changes around the face, on crops uint8 [S, S, 3], before anything is pasted.

The face is the convex hull of the target's 68 landmarks and of a forehead. The forehead's points are those of the
brows, moved away from the chin by half the distance from chin to brows: a face has three equal parts, from hairline
to brows, to nose, to chin. The hull is then grown by a fiftieth of the crop's side. Everything else in the crop is
background, with hair, ears and neck.
"""

import cv2
import numpy as np

CHIN, BROWS = 8, slice(17, 27)
GROWN = 1 / 50


def face_region(landmarks: np.ndarray, transform: np.ndarray, size_px: int) -> np.ndarray:
    """Mask of the face in the crop, bool [S, S].

    landmarks: the face's 68 landmarks [68, 2] in the picture. transform: from the picture to the crop [2, 3].
    """
    points = landmarks @ transform[:, :2].T + transform[:, 2]
    forehead = points[BROWS] + 0.5 * (points[BROWS].mean(axis=0) - points[CHIN])
    hull = cv2.convexHull(np.rint(np.concatenate([points, forehead])).astype(np.int32))
    region = np.zeros((size_px, size_px), np.uint8)
    cv2.fillConvexPoly(region, hull, 1)
    grown_px = 2 * max(1, round(GROWN * size_px)) + 1
    return cv2.dilate(region, np.ones((grown_px, grown_px), np.uint8)).astype(bool)


def change_under(mask: np.ndarray, before: np.ndarray, after: np.ndarray) -> float:
    """Mean absolute change of two crops in grey levels (0 to 255) under `mask` bool [S, S]; NaN where that is empty."""
    if not mask.any():
        return float("nan")
    return float(np.abs(after[mask].astype(np.float64) - before[mask]).mean())
