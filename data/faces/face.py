"""Defines a face in a picture, and what every face detector offers.

Pictures are uint8 RGB [H, W, 3]; boxes and points are in pixels of the original picture, whatever size was searched.
The landmarks are left eye, right eye, nose, left mouth corner and right mouth corner, in the order of the template in
data.faces.alignment. Left and right are meant as in the picture of an upright face; where the picture stands on its
head, the left eye lies on the right.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

# How thoroughly a picture is searched. "quick": at one scale, for one picture of many, as in a video. "patient": at
# other scales too if the first shows no sure face, and laid on its sides if none shows any. "every": as "patient", then
# also closer, for people in the background. Each of them takes a second look at every face ("quick": at the four
# largest), which straightens it.
Search = Literal["quick", "patient", "every"]


class DetectorUnavailable(ValueError):
    """The chosen detector cannot be loaded; the message says why and what to do."""


@dataclass(frozen=True)
class Face:
    """One face: `box` (x, y, width, height), `landmarks` float32 [5, 2], `score` in [0, 1].

    The landmarks follow the head's roll, and they fit the template; the box is upright at any roll.
    """

    box: tuple[float, float, float, float]
    landmarks: np.ndarray
    score: float

    @property
    def area(self) -> float:
        """Area of the box in square pixels."""
        return self.box[2] * self.box[3]


def shared_area(one: Face, other: Face) -> float:
    """The area, in square pixels, that the boxes of two faces share; 0 where they do not overlap."""
    (x, y, width, height), (u, v, wide, high) = one.box, other.box
    shared_width = max(0.0, min(x + width, u + wide) - max(x, u))
    return shared_width * max(0.0, min(y + height, v + high) - max(y, v))


class Detector(Protocol):
    """Any object that finds faces; `detect` returns them sorted by area, largest first."""

    name: str

    def detect(self, picture: np.ndarray, search: Search = "patient") -> list[Face]: ...
