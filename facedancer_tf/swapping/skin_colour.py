"""Gives a swapped face the colour of the target's skin and light: low frequencies of colour, no brightness.

In FaceDancer both are the target's, but networks leave red noses, yellow cheeks and green rims at the brows. The paper
does not have this step.
"""

import cv2
import numpy as np

# Standard deviation of the colours that are taken, in sides of the crop: wider than an iris or a lip, whose colour is
# the source's, narrower than a cheek.
WIDTH = 1 / 16
SHRUNK = 4  # low frequencies need no more than every fourth pixel


def with_skin_colour(swapped: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The crop `swapped` with the low frequencies of colour of the crop `target`, all uint8 RGB [S, S, 3].

    Colour is a and b of CIE Lab; its lightness L stays. Two equal crops give the same crop bit for bit.
    """
    size_px = len(swapped)
    small = (max(1, size_px // SHRUNK),) * 2
    shrunk, target_shrunk = (
        _lab(cv2.resize(crop, small, interpolation=cv2.INTER_AREA)) for crop in (swapped, target)
    )
    missing = target_shrunk - shrunk
    missing[..., 0] = 0
    missing = np.asarray(cv2.GaussianBlur(missing, (0, 0), WIDTH * small[0]))
    lab = _lab(swapped)
    changed = lab + cv2.resize(missing, (size_px, size_px), interpolation=cv2.INTER_LINEAR)
    # Colours that sRGB does not have are clipped. The way to Lab and back is not exact, so only the change counts.
    change = cv2.cvtColor(changed, cv2.COLOR_LAB2RGB) - cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
    return np.asarray(cv2.add(swapped, change * 255, dtype=cv2.CV_8U))  # rounds and clips


def _lab(crop: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(crop.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
