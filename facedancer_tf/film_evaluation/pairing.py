"""Pairs the frames of a target film with those of its swapped film by their times, and counts what times were kept.

Pictures are uint8 RGB [H, W, 3], upright as players show them.
"""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from math import ceil

import numpy as np

from facedancer_tf.errors import UserError
from facedancer_tf.films.film import FilmFacts, FilmFrame, read_frames
from facedancer_tf.films.rotation import upright


@dataclass(frozen=True)
class FramePair:
    """A frame of the target film and the swapped film's frame of the same time, None where that has none.

    `number` counts the target's frames from 0; `time` is when it is shown, in seconds.
    """

    number: int
    time: Fraction
    target: np.ndarray = field(repr=False)
    swapped: np.ndarray | None = field(repr=False)


@dataclass
class Times:
    """How many frames both films have, and at how many of them the time of showing and the duration are equal."""

    target_frames: int = 0
    swapped_frames: int = 0
    equal_times: int = 0
    equal_durations: int = 0

    @property
    def frames(self) -> int:
        """The frames of the film that has more of them."""
        return max(self.target_frames, self.swapped_frames, 1)


@dataclass(frozen=True)
class Films:
    """A target film and its swapped film; raises UserError where their pictures differ in size."""

    target: FilmFacts
    swapped: FilmFacts

    def __post_init__(self) -> None:
        one, other = (shown_size(facts) for facts in (self.target, self.swapped))
        if one != other:
            raise UserError(
                f"a swapped film must show pictures of its target's size, {one[0]}x{one[1]} px. Received: "
                f"{other[0]}x{other[1]} px in {self.swapped.path}"
            )

    @property
    def tick_s(self) -> Fraction:
        """The coarser of both time bases, in seconds: times are equal where they differ by half of it at most."""
        return max(self.target.time_base, self.swapped.time_base)

    def pairs(
        self, times: Times | None = None, from_s: Fraction | None = None
    ) -> Generator[FramePair, None, None]:
        """All frames of the target in order, from `from_s` on if it is given, with their partners.

        A partner is shown at most half a frame earlier or later. Frames are counted into `times`, if it is given.
        """
        counts = times or Times()
        since = None if from_s is None else from_s - self._reach
        ours = _counted(read_frames(self.target, _first_tick(from_s, self.target)), counts, "target_frames")
        theirs = _counted(
            read_frames(self.swapped, _first_tick(since, self.swapped)), counts, "swapped_frames"
        )
        with closing(ours), closing(theirs):
            partner = next(theirs, None)
            for frame in ours:
                time = frame.pts * self.target.time_base
                while partner and partner.pts * self.swapped.time_base < time - self._reach:
                    partner = next(theirs, None)
                picture = _picture(self.target, frame)
                if partner is None or partner.pts * self.swapped.time_base > time + self._reach:
                    yield FramePair(frame.number, time, picture, None)
                    continue
                counts.equal_times += self._equal(time, partner.pts * self.swapped.time_base)
                durations = (
                    frame.duration * self.target.time_base,
                    partner.duration * self.swapped.time_base,
                )
                counts.equal_durations += self._equal(*durations)
                yield FramePair(frame.number, time, picture, _picture(self.swapped, partner))
                partner = next(theirs, None)
            for _ in theirs:  # the swapped film's further frames are counted only
                pass

    def at(self, time: Fraction) -> FramePair | None:
        """The first pair shown at this time, in seconds, or later; None behind the end."""
        with closing(self.pairs(from_s=time)) as pairs:
            return next(pairs, None)

    def samples(self, count: int) -> Generator[FramePair, None, None]:
        """Up to `count` pairs spread evenly over the film; the first pairs where its duration is not known."""
        if self.target.duration_s is None:
            with closing(self.pairs()) as pairs:
                yield from islice(pairs, count)
            return
        for number in range(count):
            pair = self.at(Fraction(self.target.duration_s) * number / count)
            if pair is not None:
                yield pair

    @property
    def _reach(self) -> Fraction:
        return 1 / self.target.frame_rate / 2

    def _equal(self, one: Fraction, other: Fraction) -> bool:
        return abs(one - other) <= self.tick_s / 2


def shown_size(facts: FilmFacts) -> tuple[int, int]:
    """Width and height of a film's pictures as players show them."""
    turned = facts.rotation % 180 == 90
    return (facts.height, facts.width) if turned else (facts.width, facts.height)


def _picture(facts: FilmFacts, frame: FilmFrame) -> np.ndarray:
    return upright(frame.picture.rgb(), facts.rotation)


def _first_tick(time_s: Fraction | None, facts: FilmFacts) -> int | None:
    return None if time_s is None else ceil(time_s / facts.time_base)


def _counted(
    frames: Generator[FilmFrame, None, None], times: Times, name: str
) -> Generator[FilmFrame, None, None]:
    with closing(frames):
        for frame in frames:
            setattr(times, name, getattr(times, name) + 1)
            yield frame
