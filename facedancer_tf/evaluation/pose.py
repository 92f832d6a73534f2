"""Measures how far the head turns in a swap: the paper's "pose" (docs/method.md, section 8), in degrees.

Angles are yaw, pitch and roll [n, 3] as `face_readings.read_faces` gives them.
"""

import numpy as np

TURNED_DEGREES = 20.0  # a target with a larger yaw, to either side, counts as turned


def pose_change(target: np.ndarray, swapped: np.ndarray) -> np.ndarray:
    """Absolute differences [n, 3] of yaw, pitch and roll, each in [0, 180]."""
    apart = np.abs(swapped - target) % 360.0
    return np.minimum(apart, 360.0 - apart)


def pose_distance(target: np.ndarray, swapped: np.ndarray) -> np.ndarray:
    """Euclidean length [n] of the three differences, as in the paper's column."""
    return np.linalg.norm(pose_change(target, swapped), axis=1)


def is_turned(target: np.ndarray) -> np.ndarray:
    """Whether the target's face is turned by more than 20 degrees, bool [n]."""
    return np.abs(target[:, 0]) > TURNED_DEGREES
