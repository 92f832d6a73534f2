"""The part of a film that is kept, and how far its times are moved."""

from dataclasses import dataclass
from fractions import Fraction

from facedancer_tf.films.film import FilmFacts


@dataclass(frozen=True)
class Section:
    """From `start` to `end` on the source's clock, in seconds; None where the film is not cut there.

    `origin` is the moment that becomes 0.
    """

    start: Fraction | None
    end: Fraction | None
    origin: Fraction

    @classmethod
    def of(cls, facts: FilmFacts, first_pts: int | None, end_pts: int | None) -> "Section":
        """The section between two times in the time base of the film; see `assemble`."""
        clock = facts.start_pts * facts.time_base
        start = None if first_pts is None else clock + first_pts * facts.time_base
        end = None if end_pts is None else clock + end_pts * facts.time_base
        return cls(start, end, clock if start is None else start)

    def shift(self, time_base: Fraction) -> int:
        """How many ticks of `time_base` are taken from every time."""
        return round(self.origin / time_base)

    def holds(self, begin: Fraction, end: Fraction) -> bool:
        """Whether something that lasts from `begin` to `end` is heard or seen in the section."""
        return (self.start is None or end > self.start) and (self.end is None or begin < self.end)
