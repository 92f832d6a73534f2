"""Measures how far eyes and mouth are open, from 68 landmarks [68, 2].

The landmarks hardly follow closing eyes: eyes closed by moving the lids in the five bundled photographs lower the
eyes' aspect ratio by 2 to 14 % only. So blinks are not counted; what the eyes do counts for the lag alone.
"""

import numpy as np


def eyes_open(landmarks: np.ndarray) -> float:
    """The mean aspect ratio of both eyes, height over width (Soukupová and Čech, 2016)."""
    return float(np.mean([_aspect(landmarks[start : start + 6]) for start in (36, 42)]))


def mouth_open(landmarks: np.ndarray) -> float:
    """The gap between the lips over the distance between the eyes."""
    gap = np.linalg.norm(landmarks[61:64].mean(axis=0) - landmarks[65:68].mean(axis=0))
    return float(gap / np.linalg.norm(landmarks[36:42].mean(axis=0) - landmarks[42:48].mean(axis=0)))


def _aspect(eye: np.ndarray) -> float:
    heights = np.linalg.norm(eye[[1, 2]] - eye[[5, 4]], axis=1)
    return float(heights.mean() / np.linalg.norm(eye[0] - eye[3]))
