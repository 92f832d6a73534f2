"""Sees dark glasses on a face: just under the eyes, the lens is much darker than the cheeks below it.

The network draws people with dark glasses, some looks more of them, and such faces show no eyes. So only a share of
them is kept (see `data.preparing.people`). Looked at: of 43 synthetic faces with dark glasses the bound finds nine in
ten, and of 1,950 others it takes one in 200 for such, with a heavy frame or a shadow.
"""

import cv2
import numpy as np

# Parts of a crop that is aligned by the ArcFace template, in its 112 px: left, top, right, bottom.
_TEMPLATE_PX = 112
_SIDES = (  # below the pupil, where a face without dark glasses shows skin, and the cheek below the glasses' rim
    ((28, 55, 48, 63), (25, 66, 41, 82)),
    ((64, 55, 84, 63), (71, 66, 87, 82)),
)
_RATIO_MAX = 0.66


def lens_to_cheek(crop: np.ndarray) -> float:
    """How bright the face is under the eyes, relative to its cheeks, in an aligned `crop` uint8 RGB [S, S, 3].

    It is the ratio on the side where it is higher, because light from one side darkens one eye. Under the eyes the
    upper quartile counts, because frames are dark too.
    """
    scale = len(crop) / _TEMPLATE_PX
    luma = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)

    def part(box: tuple[int, int, int, int]) -> np.ndarray:
        left, top, right, bottom = (round(side * scale) for side in box)
        return luma[top:bottom, left:right]

    return max(
        float(np.percentile(part(lens), 75)) / max(1.0, float(np.median(part(cheek))))
        for lens, cheek in _SIDES
    )


def wears_dark_glasses(crop: np.ndarray) -> bool:
    """Says whether the face in an aligned `crop` uint8 RGB [S, S, 3] wears dark glasses."""
    return lens_to_cheek(crop) < _RATIO_MAX
