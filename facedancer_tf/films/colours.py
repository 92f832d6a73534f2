"""The colours of films: how a film's Y, Cb and Cr say RGB, by its tags.

Tags are FFmpeg's numbers (H.273). RGB is that of the film, 0 to 255, in its own primaries and transfer: as for pictures
without a profile, nothing is converted between colour spaces of displays.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

UNSPECIFIED = 2
# Matrix → the weights of red and blue in Y. 0 is RGB itself, which has none.
WEIGHTS = {
    1: (0.2126, 0.0722),  # BT.709
    4: (0.30, 0.11),  # FCC
    5: (0.299, 0.114),  # BT.601, 625 lines
    6: (0.299, 0.114),  # BT.601, 525 lines
    7: (0.212, 0.087),  # SMPTE 240M
    9: (0.2627, 0.0593),  # BT.2020, constant weights
}
MATRICES = {0, UNSPECIFIED, *WEIGHTS}  # others (YCgCo, ICtCp) are no weighted sums of RGB
HDR = {16: "PQ", 18: "HLG"}  # by transfer
FULL_RANGE = 2


@dataclass(frozen=True)
class Conversion:
    """`to_rgb` float32 [3, 4] makes RGB of stored levels; `to_ycc` float32 [3, 3] stored changes of changes of RGB.

    `black` and `white` are the stored levels of Y for them.
    """

    to_rgb: np.ndarray
    to_ycc: np.ndarray
    black: float
    white: float


@lru_cache(maxsize=32)
def conversion(matrix: int, full_range: bool, bits: int, height: int) -> Conversion:
    """How the matrix of this number, in this range and depth, converts.

    Without a tag (and where the tag says RGB, which Y, Cb and Cr cannot be) a film is BT.601 up to a `height` of 576,
    and BT.709 above: what players assume.
    """
    red, blue = WEIGHTS.get(matrix, WEIGHTS[6 if height <= 576 else 1])
    scale = 2.0 ** (bits - 8)
    largest = 2**bits - 1
    black, white = (0.0, float(largest)) if full_range else (16 * scale, 235 * scale)
    chroma = float(largest) if full_range else 224 * scale  # from lowest to highest
    luma = np.array([red, 1 - red - blue, blue])
    # Cb and Cr are distances of blue and red from luma, scaled to -0.5 to 0.5.
    to_cb = (np.array([0, 0, 1]) - luma) / (2 * (1 - blue))
    to_cr = (np.array([1, 0, 0]) - luma) / (2 * (1 - red))
    to_ycc = np.stack([luma * (white - black), to_cb * chroma, to_cr * chroma]) / 255
    linear = np.linalg.inv(to_ycc)
    middle = 128 * scale
    offset = -linear @ [black, middle, middle]
    to_rgb = np.hstack([linear, offset[:, None]])
    return Conversion(to_rgb.astype(np.float32), to_ycc.astype(np.float32), black, white)
