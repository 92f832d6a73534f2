"""Measures how far eyes and mouth are open, from 68 landmarks, and counts blinks.

An eye's openness is its aspect ratio (Soukupová and Čech, "Real-Time Eye Blink Detection using Facial Landmarks",
2016): its height over its width.
"""

import numpy as np

CLOSED = 0.65  # of the film's median openness; a blink stays below for one frame or some
LASTS_FRAMES = 12  # a longer one is no blink
MEETS_FRAMES = 2  # a blink of the swapped face may come so many frames earlier or later


def eyes_open(landmarks: np.ndarray) -> float:
    """The mean aspect ratio of both eyes from `landmarks` [68, 2]; some 0.3 where open."""
    return float(np.mean([_aspect(landmarks[start : start + 6]) for start in (36, 42)]))


def mouth_open(landmarks: np.ndarray) -> float:
    """The gap between the lips over the distance between the eyes, from `landmarks` [68, 2]."""
    gap = np.linalg.norm(landmarks[61:64].mean(axis=0) - landmarks[65:68].mean(axis=0))
    return float(gap / np.linalg.norm(landmarks[36:42].mean(axis=0) - landmarks[42:48].mean(axis=0)))


def _aspect(eye: np.ndarray) -> float:
    heights = np.linalg.norm(eye[[1, 2]] - eye[[5, 4]], axis=1)
    return float(heights.mean() / np.linalg.norm(eye[0] - eye[3]))


def blinks(openness: np.ndarray) -> list[int]:
    """The frames at which the eyes are most closed in each blink, from their `openness` [frames]; NaN is no blink."""
    known = openness[~np.isnan(openness)]
    if not len(known):
        return []
    closed = np.nan_to_num(openness, nan=np.inf) < CLOSED * np.median(known)
    edges = np.flatnonzero(np.diff(np.r_[False, closed, False].astype(int)))
    runs = [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True)]
    return [int(start + np.argmin(openness[start:end])) for start, end in runs if end - start <= LASTS_FRAMES]


def kept_blinks(target: np.ndarray, swapped: np.ndarray) -> tuple[int, int]:
    """How many blinks the target's eyes make, and at how many of them the swapped face's eyes blink as well.

    Both take openness [frames].
    """
    ours, theirs = blinks(target), np.array(blinks(swapped))
    kept = sum(bool((np.abs(theirs - frame) <= MEETS_FRAMES).any()) for frame in ours)
    return len(ours), kept
