"""Finds and reads the measured person's face in both films, a few frames at a time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from data.faces.face import Face
from facedancer_tf.evaluation.meter import Meter
from facedancer_tf.film_evaluation.pairing import FramePair
from facedancer_tf.film_evaluation.person import Follower

CHUNK = 8  # frames that are held and read at once
AROUND = 1.0  # what is searched beside a face's box on each side, in sizes of the box


@dataclass(frozen=True)
class Reading:
    """One face: `embedding` [128], `landmarks` [68, 2] in px of the frame, `angles` [3] in degrees, `expression` [7].

    All are NaN where the frame shows no face in this place.
    """

    embedding: np.ndarray
    landmarks: np.ndarray
    angles: np.ndarray
    expression: np.ndarray

    @property
    def has_face(self) -> bool:
        return not np.isnan(self.embedding).any()


MISSING = Reading(np.full(128, np.nan), np.full((68, 2), np.nan), np.full(3, np.nan), np.full(7, np.nan))


@dataclass(frozen=True)
class Sighting:
    """A pair of frames whose target shows the person: the face there, and what is read in both frames in its place."""

    pair: FramePair
    face: Face
    target: Reading
    swapped: Reading


def sightings(pairs: Iterable[FramePair], meter: Meter, follower: Follower) -> Iterator[Sighting | FramePair]:
    """For each pair in order a Sighting, or the pair itself where its target does not show the person."""
    pairs = iter(pairs)
    for first in pairs:  # no name holds a chunk while the next one is read
        yield from _read_chunk([first, *islice(pairs, CHUNK - 1)], meter, follower)


def _read_chunk(
    chunk: Sequence[FramePair], meter: Meter, follower: Follower
) -> Iterator[Sighting | FramePair]:
    faces = _find_person(chunk, meter, follower)
    shown = [_Place(pair, face) for pair, face in zip(chunk, faces, strict=True) if face is not None]
    # The same regions of both films are searched, so that equal pictures give equal readings.
    targets = _read([(place, place.pair.target) for place in shown], meter)
    swapped = _read([(place, place.pair.swapped) for place in shown if place.pair.swapped is not None], meter)
    places = {place.pair.number: place for place in shown}
    for pair in chunk:
        target = targets.get(pair.number, MISSING)
        if target.has_face:
            yield Sighting(pair, places[pair.number].face, target, swapped.get(pair.number, MISSING))
        else:
            yield pair


class _Place:
    """A face of a pair's target, and the region (left, top, right, bottom) of both frames in which it is read."""

    def __init__(self, pair: FramePair, face: Face) -> None:
        self.pair, self.face = pair, face
        height, width = pair.target.shape[:2]
        x, y, wide, high = face.box
        self.left, self.top = max(0, int(x - AROUND * wide)), max(0, int(y - AROUND * high))
        self.right = min(width, int(x + (1 + AROUND) * wide) + 1)
        self.bottom = min(height, int(y + (1 + AROUND) * high) + 1)

    def cut(self, picture: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(picture[self.top : self.bottom, self.left : self.right])

    def face_in_region(self) -> Face:
        x, y, width, height = self.face.box
        points = self.face.landmarks - np.array([self.left, self.top], np.float32)
        return replace(self.face, box=(x - self.left, y - self.top, width, height), landmarks=points)


def _read(places: Sequence[tuple[_Place, np.ndarray]], meter: Meter) -> dict[int, Reading]:
    """What is read of each place in its picture, by the number of its frame."""
    readings = meter.read(
        [place.cut(picture) for place, picture in places], [place.face_in_region() for place, _ in places]
    )
    return {
        place.pair.number: Reading(
            readings.embeddings[i],
            readings.landmarks[i] + (place.left, place.top),
            readings.angles[i],
            readings.expression[i],
        )
        for i, (place, _) in enumerate(places)
    }


def _find_person(chunk: Sequence[FramePair], meter: Meter, follower: Follower) -> list[Face | None]:
    faces = [meter.detector.detect(pair.target, "quick") for pair in chunk]
    pictures = [pair.target for pair, found in zip(chunk, faces, strict=True) for _ in found]
    embeddings = np.zeros((0, meter.judge.width))
    if pictures:
        embeddings = meter.judge.embed(pictures, [face for found in faces for face in found])
    persons: list[Face | None] = []
    for found in faces:
        number, embeddings = follower.find(embeddings[: len(found)]), embeddings[len(found) :]
        persons.append(None if number is None else found[number])
    return persons
