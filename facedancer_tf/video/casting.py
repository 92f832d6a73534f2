"""Says which source goes to which person of a film."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from facedancer_tf.errors import UserError
from facedancer_tf.films.rotation import to_stored
from facedancer_tf.swapping.identity import SAME_PERSON
from facedancer_tf.video.tracks import People, Person, time_words

NOBODY = "nobody whose face could be swapped was found in the film"


@dataclass(frozen=True)
class Position:
    """A place in the film as it is displayed: `x` and `y` in pixels from the upper left, at a time in seconds."""

    x: float
    y: float
    at_s: float


# Who gets a source: the person who is there most, everybody, a number of `People`, the person whom a picture shows, or
# who is at a place.
Whom = Literal["largest", "all"] | int | Path | Position


@dataclass(frozen=True)
class Wish:
    """One person's pictures, `sources`, and who gets that face."""

    sources: tuple[Path, ...]
    whom: Whom = "largest"


def resolve(wishes: Sequence[Wish], people: People, embed: Callable[[Path], np.ndarray]) -> dict[int, int]:
    """Says for each person who gets a source, by number, which wish it comes from, by index.

    `embed` computes the embedding [W] of the face in a picture, by the encoder that looked through the film. Raises
    UserError where a wish means nobody in the film, or two wishes mean one person.
    """
    if not people.persons:
        raise UserError("; ".join([NOBODY, *people.left_alone[:3]]), "no_face")
    cast: dict[int, int] = {}
    for index, wish in enumerate(wishes):
        for person in find_persons(wish.whom, people, embed):
            if person.number in cast:
                raise UserError(
                    f"person {person.number} can get one source only, not both {_words(wishes[cast[person.number]])} "
                    f"and {_words(wish)}"
                )
            cast[person.number] = index
    return cast


def find_persons(whom: Whom, people: People, embed: Callable[[Path], np.ndarray]) -> list[Person]:
    """The people, at least one, whom a wish means; raises UserError where it means nobody."""
    if whom == "largest":
        return people.persons[:1]
    if whom == "all":
        return people.persons
    if isinstance(whom, Path):
        return [_alike(whom, people, embed(whom))]
    if isinstance(whom, Position):
        return [_placed(whom, people)]
    if isinstance(whom, bool) or not isinstance(whom, int):
        raise ValueError(
            f"`whom` must be largest, all, a number, a picture or a position. Received: whom={whom!r}"
        )
    if not 0 <= whom < len(people.persons):
        last = len(people.persons) - 1
        there = f"persons 0 to {last}" if last else "person 0 only"
        raise UserError(
            f"there is no person {whom} in the film, but {there}; list them first", "no_such_face"
        )
    return [people.persons[whom]]


def _alike(picture: Path, people: People, embedding: np.ndarray) -> Person:
    length = max(float(np.linalg.norm(embedding)), 1e-12)
    likenesses = [float(person.embedding @ embedding) / length for person in people.persons]
    best = int(np.argmax(likenesses))
    if likenesses[best] < SAME_PERSON:
        raise UserError(
            f"nobody in the film resembles the face in {picture}; the most alike is person {best}, with a cosine of "
            f"{likenesses[best]:.2f}, less than {SAME_PERSON}: name that number if it is meant",
            "no_such_face",
        )
    return people.persons[best]


def _placed(place: Position, people: People) -> Person:
    frame = people.clock.frame_at(place.at_s)
    if frame is None:
        start, end = people.clock.starts[[0, -1]]
        raise UserError(
            f"the film is shown from {time_words(start)} to {time_words(end)}, not at {time_words(place.at_s)}",
            "no_such_face",
        )
    point = to_stored(np.array([[place.x, place.y]]), people.rotation, people.width, people.height)[0]
    there: list[int] = []
    for person in people.persons:
        for track in person.tracks:
            index = track.at(frame)
            if index is None:
                continue
            there.append(person.number)
            low, high = track.outlines[index].min(axis=0), track.outlines[index].max(axis=0)
            if (point >= low).all() and (point <= high).all():
                return person
    others = (
        f"only of {', '.join(f'person {number}' for number in there)} elsewhere"
        if there
        else "nor anywhere else"
    )
    raise UserError(
        f"at {time_words(place.at_s)} there is no face at ({place.x:g}, {place.y:g}), {others}; list the people first",
        "no_such_face",
    )


def _words(wish: Wish) -> str:
    return ", ".join(path.name for path in wish.sources)
