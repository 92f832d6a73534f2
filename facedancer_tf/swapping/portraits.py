"""Finds the largest face of a picture file, or says why there is none: one rule for all that measures faces.

Pictures are uint8 RGB [H, W, 3], upright.
"""

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from data.faces.face import Detector, Face
from data.pictures import UnreadablePicture, read_picture


class NoFace(Exception):
    """A file shows no usable face; the message is the reason, in one to three words."""


@dataclass(frozen=True)
class Portrait:
    """A picture, its face, and the path of its file."""

    path: Path
    picture: np.ndarray = field(repr=False)
    face: Face


def read_portrait(path: Path, detector: Detector) -> Portrait:
    """Reads a file's picture with its largest face; raises NoFace where there is none."""
    picture = read_pixels(path)
    return Portrait(path, picture, find_face(picture, detector))


def read_pixels(path: Path) -> np.ndarray:
    """Reads a file's picture; raises NoFace where it cannot be read."""
    try:
        return read_picture(path).rgb
    except UnreadablePicture as error:
        raise NoFace(error.reason.replace("_", " ")) from error


def find_face(picture: np.ndarray, detector: Detector) -> Face:
    """Finds the largest face; raises NoFace where there is none."""
    try:
        faces = detector.detect(picture)
    except cv2.error as error:  # a picture that the network cannot take, such as one a few pixels high
        raise NoFace("detector failed") from error
    if not faces:
        raise NoFace("no face")
    return faces[0]
