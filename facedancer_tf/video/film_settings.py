"""How a film is swapped and written, as the user wishes."""

from dataclasses import dataclass
from fractions import Fraction

from facedancer_tf.errors import UserError
from facedancer_tf.films.film import FilmFacts
from facedancer_tf.provenance.certificate import SigningIdentity
from facedancer_tf.video.tracks import time_words


@dataclass(frozen=True)
class FilmSettings:
    """How a film is swapped and written.

    start_s, end_s: the section, in seconds of the film; None is its start or end. codec, quality: as in
    `choose_encoding`. debug: draw boxes, tracks, points and outlines. marks: False leaves out all marks, for measuring.
    signer: signs the content credentials, by default an identity that is made at the first use.
    """

    start_s: float | None = None
    end_s: float | None = None
    codec: str | None = None
    quality: int | None = None
    debug: bool = False
    marks: bool = True
    signer: SigningIdentity | None = None


def section_of(facts: FilmFacts, start_s: float | None, end_s: float | None) -> tuple[int | None, int | None]:
    """The first timestamp and the end of the section between two times in seconds; None where the film is not cut.

    Raises UserError where that is no section of the film.
    """
    if start_s is not None and end_s is not None and start_s >= end_s:
        raise UserError(
            f"the section must end after its start. Received: {time_words(start_s)} to {time_words(end_s)}"
        )
    end_of_film_s = facts.duration_s if facts.end_pts is None else float(facts.end_pts * facts.time_base)
    if start_s is not None and end_of_film_s is not None and start_s >= end_of_film_s:
        raise UserError(
            f"{facts.path} ends at {time_words(end_of_film_s)}; it cannot start at {time_words(start_s)}"
        )
    first, end = (
        None if time is None else round(Fraction(time) / facts.time_base) for time in (start_s, end_s)
    )
    return first, end
