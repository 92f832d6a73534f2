"""Keeps the swapped face of a black-and-white photograph without colour, as the rest of the photograph is.

Crops are uint8 RGB [S, S, 3].
"""

import cv2
import numpy as np

GREY_SPREAD = 6  # levels between a pixel's channels; scanning and JPEG move grey ones by some three
COLOURED_SHARE = 0.02  # of a crop's pixels; more than this make it a coloured one


def is_grey(crop: np.ndarray) -> bool:
    """Whether a crop of the target is black and white, but for noise and a few pixels.

    The face decides and not the whole photograph: an orange date in its corner does not make it a coloured one.
    """
    red, green, blue = cv2.split(crop)
    spread = cv2.max(cv2.max(red, green), blue) - cv2.min(cv2.min(red, green), blue)
    return bool(np.mean(spread > GREY_SPREAD) <= COLOURED_SHARE)


def without_colour(crop: np.ndarray) -> np.ndarray:
    """The crop in grey, three equal channels."""
    return cv2.cvtColor(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
