"""A face in a picture, and what a detector of faces is.

Pictures are uint8 RGB [H, W, 3]; boxes and points are in pixels of the picture given, whatever size was searched.
Landmarks come as left eye, right eye, nose, left and right mouth corner, left and right as seen in the picture of an
upright face, which is the order of the template in data.faces.alignment.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

# How hard a picture is searched. "quick": at one scale, for one picture of many, as in a video. "patient": at further
# scales too where nothing sure is seen at the first. "every": then also closer, for people in the background.
Search = Literal["quick", "patient", "every"]


class DetectorUnavailable(ValueError):
    """The detector asked for cannot be loaded; the message says why and what to do."""


@dataclass(frozen=True)
class Face:
    """One face: `box` (x, y, width, height), `landmarks` float32 [5, 2], `score` in [0, 1]."""

    box: tuple[float, float, float, float]
    landmarks: np.ndarray
    score: float

    @property
    def area(self) -> float:
        """Area of the box in square pixels."""
        return self.box[2] * self.box[3]


class Detector(Protocol):
    """Anything that finds faces; `detect` returns them sorted by area, largest first."""

    name: str

    def detect(self, picture: np.ndarray, search: Search = "patient") -> list[Face]: ...
