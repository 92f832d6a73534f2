"""Collects one face's readings while it is followed, and knows whether it is still the same face."""

from array import array
from collections import deque
from dataclasses import dataclass
from typing import Self

import numpy as np

from facedancer_tf.swapping.identity import SAME_PERSON
from facedancer_tf.video.face_mesh import expected
from facedancer_tf.video.readings import Reading
from facedancer_tf.video.tracks import OUTLINE_POINTS

POINTS = 5 + OUTLINE_POINTS
# A cosine to the face so far that speaks for another person. Of the bundled photographs of five people, two different
# ones have at most 0.14; a face that is blurred, turned or half covered may have as little, so this alone is a doubt.
APART = 0.1
ABRUPT = 0.3  # so much less alike at once is another face
KEPT = 30  # crops: three looks of the detector, after which a doubt has been settled
FIRST_LOOKS = 2  # so many embeddings make the first idea of a face; before, nothing is doubted


@dataclass(frozen=True, eq=False)
class Kept:
    """A frame's aligned crop, kept until the face has been recognised after it."""

    frame: int
    crop: np.ndarray


class Tracklet:
    """A face that is followed within one shot; a person has one or more of these.

    at_start, at_end: whether it begins with a shot, and ends with one. hidden: whether another face has covered it at
    its end. surest: the best score that the detector gave it. seen_at: the last frame where the detector saw it. Frames
    and points grow as plain numbers, 332 bytes a frame.
    """

    def __init__(self, at_start: bool) -> None:
        self.at_start, self.at_end, self.hidden = at_start, False, False
        self.frames, self._rows = array("i"), array("f")
        self.last: Reading | None = None
        self._added: np.ndarray | None = None  # the points of the last frame, and of the one before it
        self._before: np.ndarray | None = None
        self.total: np.ndarray | None = None  # sum of unit embeddings
        self.looks, self.known = 0, 1.0  # known: the likeness of the last that was accepted
        self.surest, self.seen_at = 0.0, -1
        self.doubted_since: int | None = None
        self.kept: deque[Kept] = deque(maxlen=KEPT)
        self.portrait: np.ndarray | None = None
        self.portrait_worth = 0.0

    def add(self, frame: int, reading: Reading, crop_px: int) -> None:
        """Adds the reading of a later frame than all before."""
        follows = len(self.frames) > 0 and frame == self.frames[-1] + 1
        self._before, self._added = self._added if follows else None, reading.points
        self.frames.append(frame)
        self._rows.extend(np.concatenate([reading.five, reading.outline]).ravel().tolist())
        self.kept.append(Kept(frame, reading.crop(crop_px)))
        self.last = reading

    @property
    def expected(self) -> np.ndarray | None:
        """Where the mesh's points [468, 3] are expected in the next frame; None before the first reading."""
        return None if self.last is None else expected(self.last.points, self._before)

    @property
    def points(self) -> np.ndarray:
        """The five landmarks and the outline of every frame, float32 [n, 41, 2]."""
        return np.array(self._rows, np.float32).reshape(-1, POINTS, 2)

    def middle_at(self, frame: int) -> tuple[np.ndarray, float] | None:
        """The outline's middle [2] and size in this frame; None where the face was not read."""
        index = int(np.searchsorted(self.frames, frame))
        if index == len(self.frames) or self.frames[index] != frame:
            return None
        row = np.array(self._rows[index * POINTS * 2 : (index + 1) * POINTS * 2]).reshape(POINTS, 2)
        low, high = row.min(axis=0), row.max(axis=0)
        return (low + high) / 2, float(np.sqrt(np.prod(high - low)))

    def likeness(self, embeddings: np.ndarray) -> np.ndarray:
        """The cosines [n] of unit embeddings [n, W] to the face so far; 1 where there is no idea of it yet."""
        if self.total is None:
            return np.ones(len(embeddings), np.float32)
        return embeddings @ (self.total / max(float(np.linalg.norm(self.total)), 1e-12))

    def compare(self, frame: int, embedding: np.ndarray) -> None:
        """Takes the unit embedding [W] of the latest reading: it agrees, is left out, or raises a doubt."""
        likeness = float(self.likeness(embedding[None])[0])
        if likeness >= SAME_PERSON or self.looks < FIRST_LOOKS:
            self.accept(embedding)
        elif likeness < APART and self.doubted_since is None:
            self.doubted_since = frame

    def accept(self, embedding: np.ndarray) -> None:
        """Takes the unit embedding [W] of the latest reading as this face's."""
        self.known = float(self.likeness(embedding[None])[0])
        self.total = embedding.copy() if self.total is None else self.total + embedding
        self.looks += 1
        self.doubted_since = None
        self.kept.clear()

    def picture(self, rotation: int) -> None:
        """Makes a portrait of the latest reading where it is clearly better than the one before."""
        if self.last is not None and self.last.size_px * self.last.score > 1.15 * self.portrait_worth:
            self.portrait_worth = self.last.size_px * self.last.score
            self.portrait = self.last.portrait(rotation)

    def split(self, frame: int) -> Self:
        """Takes what was read from `frame` on away, into a new tracklet of another face."""
        tail = type(self)(at_start=False)
        index = int(np.searchsorted(self.frames, frame))
        tail.frames, self.frames = self.frames[index:], self.frames[:index]
        cut = index * POINTS * 2
        tail._rows, self._rows = self._rows[cut:], self._rows[:cut]
        tail.last, tail.surest, tail.seen_at = self.last, self.surest, self.seen_at
        self.kept.clear()
        self.doubted_since = None
        return tail


def shows_till(likeness: np.ndarray) -> int:
    """How many of a face's last readings to keep, of those since it was recognised, where it was lost after them.

    likeness: their cosines [n] to the face. A reading slides off a face that is being covered before it is lost.
    """
    return int(np.flatnonzero(np.append(True, likeness >= SAME_PERSON))[-1])


def change_point(old: np.ndarray, new: np.ndarray) -> int | None:
    """Where one face turns into another: the index from which on `new` explains more than `old`; None if it does not.

    old, new: cosines [n] of crops to the two faces; the first crop is surely the old face. A head that turns away looks
    less and less like itself; only another face does so from one frame to the next.
    """
    at = int(np.argmax(np.cumsum(old - new))) + 1
    if at == len(old) or old[max(0, at - 3) : at].mean() - old[at : at + 3].mean() < ABRUPT:
        return None
    return at
