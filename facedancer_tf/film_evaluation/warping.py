"""Measures the excess warping error: how much worse a swapped film follows the target's own motion than the target.

The warping error is Lai et al.'s ("Learning Blind Video Temporal Consistency", ECCV 2018): a frame is compared with
the frame before, moved along the optical flow between them. Both films are moved along the target's flow; the target's
own error is taken away, so that light that changes and flow that errs do not count.
"""

from typing import Any

import cv2
import numpy as np

NO_MAP: Any = None  # OpenCV's stubs do not know that `place` holds both coordinates
BACK_PX = 1.0  # flow forth and back must end this near to where it began, else the point is covered


def excess_warping(
    before: np.ndarray, now: np.ndarray, swapped_before: np.ndarray, swapped: np.ndarray
) -> float:
    """The swapped film's mean squared error beyond the target's, in thousandths (levels from 0 to 1); may be negative.

    Takes the same square, uint8 RGB [S, S, 3], out of two frames of the target and the same frames of the swapped film.
    NaN where the flow can be trusted nowhere, as over a cut.
    """
    grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (before, now, swapped_before, swapped)]
    place, trusted = _origins(*grey[:2])
    if not trusted.any():
        return float("nan")
    own, swapped_error = (_error(earlier, later, place, trusted) for earlier, later in (grey[:2], grey[2:]))
    return 1000 * (swapped_error - own)


def _origins(before: np.ndarray, now: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each point of `now` was in `before`, float32 [S, S, 2] (x, y), and whether that can be trusted [S, S]."""
    flow: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    back, forth = flow.calc(now, before, None), flow.calc(before, now, None)
    rows, columns = np.mgrid[: now.shape[0], : now.shape[1]]
    place = np.stack([columns, rows], axis=-1).astype(np.float32) + back
    returned = back + cv2.remap(forth, place, NO_MAP, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = ((place >= 0) & (place <= now.shape[0] - 1)).all(axis=-1)
    return place, inside & (np.linalg.norm(returned, axis=-1) < BACK_PX)


def _error(before: np.ndarray, now: np.ndarray, place: np.ndarray, trusted: np.ndarray) -> float:
    moved = cv2.remap(before.astype(np.float32), place, NO_MAP, cv2.INTER_LINEAR)
    return float((((now - moved) / 255)[trusted] ** 2).mean())
