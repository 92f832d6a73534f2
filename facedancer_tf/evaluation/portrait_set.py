"""Finds the faces in the photographs of a pair set, and their skin tone.

Pixels are not stored but read again when they are needed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from tqdm import tqdm

from data.faces.alignment import align
from data.faces.face import Detector, Face
from data.faces.skin_tone import skin_tone
from facedancer_tf.errors import UserError
from facedancer_tf.evaluation.pairs import PairSet, Photograph
from facedancer_tf.swapping.portraits import NoFace, Portrait, find_face, read_pixels

TONE_PX = 112  # side of the crop in which the skin tone is read
KEPT_PICTURES = 16  # the pictures of the pairs that are measured at the moment


@dataclass(frozen=True)
class Portraits:
    """The largest face of every usable photograph.

    tones: its skin's ITA in degrees, NaN in a grey picture. unusable: for every other photograph, the reason.
    """

    faces: dict[Path, Face]
    tones: dict[Path, float]
    unusable: dict[Path, str]

    def load(self, photograph: Photograph) -> Portrait:
        """The photograph with its pixels."""
        return Portrait(photograph.path, _pixels(photograph.path), self.faces[photograph.path])


@lru_cache(maxsize=KEPT_PICTURES)
def _pixels(path: Path) -> np.ndarray:
    return read_pixels(path)


def find_portraits(photographs: Iterable[Photograph], detector: Detector) -> Portraits:
    """Finds the largest face of every photograph, and its skin tone."""
    faces: dict[Path, Face] = {}
    tones: dict[Path, float] = {}
    unusable: dict[Path, str] = {}
    paths = list(dict.fromkeys(photograph.path for photograph in photographs))
    for path in tqdm(paths, desc="faces", unit="picture", leave=False, disable=None):
        try:
            face = find_face(_pixels(path), detector)
            tones[path] = skin_tone(align(_pixels(path), face.landmarks, TONE_PX))
            faces[path] = face
        except NoFace as why:
            unusable[path] = str(why)
    return Portraits(faces, tones, unusable)


def usable_only(pair_set: PairSet, portraits: Portraits) -> PairSet:
    """The pair set without photographs that cannot be used; raises UserError where no pair is left."""

    def usable(photograph: Photograph) -> bool:
        return photograph.path in portraits.faces

    pairs = tuple(pair for pair in pair_set.pairs if usable(pair.source) and usable(pair.target))
    if not pairs:
        path, why = next(iter(portraits.unusable.items()))
        raise UserError(f"no pair of {pair_set.name} can be used; the first reason: {path}: {why}")
    gallery = tuple(photograph for photograph in pair_set.gallery if usable(photograph))
    return replace(pair_set, pairs=pairs, gallery=gallery)
