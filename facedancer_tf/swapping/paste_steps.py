"""Puts a swapped crop into its picture by all steps of pasting: colour of the skin, finest detail, oval.

Pictures and crops are uint8 RGB; transforms are as in `facedancer_tf.swapping.paste`.
"""

from dataclasses import dataclass

import numpy as np

from facedancer_tf.swapping.finest_detail import FinestDetail
from facedancer_tf.swapping.greyness import is_grey, without_colour
from facedancer_tf.swapping.paste import paste_into
from facedancer_tf.swapping.skin_colour import with_skin_colour


@dataclass(frozen=True)
class PasteSteps:
    """Which of the steps are taken that the paper does not have; without both, a face is pasted as it was made."""

    finest_detail: bool = True
    skin_colour: bool = True

    @property
    def left_out(self) -> str:
        """A phrase that names what is left out; empty where nothing is."""
        names = {"finest detail": self.finest_detail, "skin colour": self.skin_colour}
        missing = [name for name, is_taken in names.items() if not is_taken]
        return f"pasted without {' and '.join(missing)}" if missing else ""

    def paste(
        self,
        picture: np.ndarray,
        swapped: np.ndarray,
        target: np.ndarray,
        crop: np.ndarray,
        transform: np.ndarray,
        shrink: float = 1.0,
        mask: np.ndarray | None = None,
    ) -> None:
        """Pastes the `swapped` crop [S, S, 3] into `picture` [H, W, 3] in place.

        `target` [H, W, 3] is the picture as it was before any face was pasted into it, `crop` [S, S, 3] the face that
        `transform` and `shrink` cut out of it. `mask` is that of `paste_into`. A face without colour gets none.
        """
        if is_grey(crop):
            swapped = without_colour(swapped)
        elif self.skin_colour:
            swapped = with_skin_colour(swapped, crop)
        detail = FinestDetail.between(target, crop, swapped) if self.finest_detail else None
        paste_into(picture, swapped, transform, shrink, mask, detail)
