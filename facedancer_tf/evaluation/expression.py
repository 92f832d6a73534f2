"""Measures how much a swap changes the expression: by a classifier's probabilities and by the shape of eyes and mouth.

Landmarks are the usual 68 points [n, 68, 2] in pixels: 36-41 and 42-47 are the eyes, 48-67 the mouth.
"""

import numpy as np

from data.faces.alignment import similarity_transform

LEFT_EYE, RIGHT_EYE, EYES_AND_MOUTH = slice(36, 42), slice(42, 48), slice(36, 68)


def expression_distance(target: np.ndarray, swapped: np.ndarray) -> np.ndarray:
    """Euclidean distance [n] of probabilities [n, 7], from 0 to sqrt(2)."""
    return np.linalg.norm(swapped - target, axis=1)


def shape_distance(target: np.ndarray, swapped: np.ndarray) -> np.ndarray:
    """Mean distance [n] of the points of eyes and mouth, in distances between the target's eyes.

    The best similarity transform first lays the swapped face's points over the target's, so that neither place, size
    nor roll counts. NaN where there are no landmarks, or where they lie in one point.
    """
    distances = np.full(len(target), np.nan)
    for i, (target_points, swapped_points) in enumerate(zip(target, swapped, strict=True)):
        if not (np.isfinite(target_points).all() and np.isfinite(swapped_points).all()):
            continue
        between_eyes = np.linalg.norm(
            target_points[LEFT_EYE].mean(axis=0) - target_points[RIGHT_EYE].mean(axis=0)
        )
        if between_eyes == 0:
            continue
        try:
            transform = similarity_transform(swapped_points[EYES_AND_MOUTH], target_points[EYES_AND_MOUTH])
        except ValueError:
            continue
        laid_over = swapped_points[EYES_AND_MOUTH] @ transform[:, :2].T + transform[:, 2]
        distances[i] = np.linalg.norm(laid_over - target_points[EYES_AND_MOUTH], axis=1).mean() / between_eyes
    return distances
