"""Defines who is in a film: people, and for every frame where their faces are.

All points are (x, y) in pixels of the stored frame, before the display's rotation, with pixel centres on whole numbers.
Frames are numbered from 0 in the section that was looked through; a time is in seconds of the film.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

import numpy as np

OUTLINE_POINTS = 36
APART_S = 0.5  # a person who is away for longer is there twice


@dataclass(frozen=True, eq=False)
class Track:
    """One face from frame to frame, without holes, never across a cut.

    frames: int32 [n], consecutive numbers. landmarks: float32 [n, 5, 2], smooth over time. outlines: float32
    [n, 36, 2], the face's oval. strength: float32 [n] in (0, 1], how much of the swapped face shows; it rises and falls
    where a face comes or goes within a shot.
    """

    frames: np.ndarray
    landmarks: np.ndarray
    outlines: np.ndarray
    strength: np.ndarray

    def at(self, frame: int) -> int | None:
        """The index of this frame in the arrays; None where the face is not there."""
        index = frame - int(self.frames[0])
        return index if 0 <= index < len(self.frames) else None


@dataclass(frozen=True, eq=False)
class Person:
    """Somebody in the film: their tracks in order of time, of which no two are there at once.

    number: 0 is the person with the most presence, the sum of the face's area times time. embedding: float32 [W] of
    length 1, by the encoder that the tracks were compared with. seconds: how long the face is there. times: from and
    to, in seconds, of each presence. portrait: uint8 RGB [S, S, 3], upright.
    """

    number: int
    tracks: list[Track]
    embedding: np.ndarray
    seconds: float
    times: list[tuple[float, float]]
    portrait: np.ndarray = field(repr=False)


@dataclass(frozen=True, eq=False)
class People:
    """Everybody in a film (or its section), in the order of their numbers.

    left_alone: a sentence for each face that is not to be swapped, with the reason. pts: int64 [frames], in units of
    `time_base`, seconds. width, height, rotation: of the stored frames, in pixels and degrees.
    """

    persons: list[Person]
    left_alone: list[str]
    pts: np.ndarray
    time_base: Fraction
    width: int
    height: int
    rotation: int

    @cached_property
    def clock(self) -> "Clock":
        """When each frame is shown."""
        return Clock(self.pts, self.time_base)


class Clock:
    """The times of frames: `starts` float64 [frames + 1] in seconds, of which the last is the end of the last frame."""

    def __init__(self, pts: np.ndarray, time_base: Fraction) -> None:
        starts = np.asarray(pts, np.float64) * float(time_base)
        usual = float(np.median(np.diff(starts))) if len(starts) > 1 else 1 / 25
        self.starts = np.append(starts, starts[-1] + usual if len(starts) else 0.0)

    def frame_at(self, time_s: float) -> int | None:
        """The number of the frame that is shown at this time; None before the first and after the last."""
        number = int(np.searchsorted(self.starts, time_s, side="right")) - 1
        return number if 0 <= number < len(self.starts) - 1 else None

    def seconds(self, frames: np.ndarray) -> np.ndarray:
        """How long each of these frames is shown, float64 [n]."""
        return self.starts[np.asarray(frames) + 1] - self.starts[np.asarray(frames)]

    def presences(self, tracks: list[Track]) -> list[tuple[float, float]]:
        """From and to, in seconds, of the times when one of `tracks` is there, short absences left out."""
        spans = [(self.starts[t.frames[0]], self.starts[t.frames[-1] + 1]) for t in tracks]
        joined = [spans[0]] if spans else []
        for _, (start, end) in pairwise(spans):
            if start - joined[-1][1] <= APART_S:
                joined[-1] = (joined[-1][0], end)
            else:
                joined.append((start, end))
        return [(float(start), float(end)) for start, end in joined]


def time_words(time_s: float) -> str:
    """A time as people write it: 0:04.2, 12:30.0 or 1:02:03.5."""
    tenths = round(time_s * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{tenths // 10:02d}.{tenths % 10}"
    return f"{hours}:{minutes:02d}:{seconds}" if hours else f"{minutes}:{seconds}"
