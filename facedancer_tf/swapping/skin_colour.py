"""Gives a swapped face the colour of the target's skin and light: low frequencies of colour, no brightness.

In FaceDancer both are the target's, but networks leave red noses, yellow cheeks and green rims at the brows. The paper
does not have this step.
"""

import cv2
import numpy as np

# Standard deviation of the colours that are taken, in sides of the crop: wider than an iris or a lip, whose colour is
# the source's, narrower than a cheek.
WIDTH = 1 / 16


def with_skin_colour(swapped: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The crop `swapped` with the low frequencies of colour of the crop `target`, all uint8 RGB [S, S, 3].

    Colour is a and b of CIE Lab; its lightness L stays. Two equal crops give the same crop bit for bit.
    """
    lab, target_lab = (
        cv2.cvtColor(crop.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) for crop in (swapped, target)
    )
    missing = cv2.GaussianBlur(target_lab[..., 1:] - lab[..., 1:], (0, 0), WIDTH * len(swapped))
    # Colours that sRGB does not have are clipped. The way to Lab and back is not exact, so only the change counts.
    before = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
    lab[..., 1:] += np.asarray(missing, np.float32)
    change = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) - before
    return np.rint(np.clip(swapped + change * 255, 0, 255)).astype(np.uint8)
