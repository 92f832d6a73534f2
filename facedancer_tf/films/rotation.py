"""Turns pictures of a film upright for looking at them, and points found there back to the stored frame.

A phone stores a film as its sensor lies, and says by how many degrees a player turns it counter-clockwise.
"""

import numpy as np


def upright(picture: np.ndarray, rotation: int) -> np.ndarray:
    """The stored picture [H, W, ...] as it is displayed, turned counter-clockwise by `rotation` (0, 90, 180, 270)."""
    return np.ascontiguousarray(np.rot90(picture, rotation // 90))


def to_stored(points: np.ndarray, rotation: int, width: int, height: int) -> np.ndarray:
    """Where `points` [..., 2] (x, y) of the displayed picture are in the stored one of `width` × `height` px."""
    x, y = points[..., 0], points[..., 1]
    places = {
        0: (x, y),
        90: (width - 1 - y, x),
        180: (width - 1 - x, height - 1 - y),
        270: (y, height - 1 - x),
    }
    return np.stack(places[rotation], axis=-1)
