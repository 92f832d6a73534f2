"""Looks at a film that somebody sent before it is queued: whether it is one, of what kind, and how large.

Its first frame is decoded for that, in a process of its own: whatever a hostile file does there, the server goes on.

    python -m facedancer_tf.serving.film_look NAME SECONDS, in the file's folder: one line of JSON on stdout
"""

from dataclasses import asdict, dataclass
from pathlib import Path

from data.picture_kinds import START_BYTES, kind_by_content
from facedancer_tf.errors import UserError
from facedancer_tf.films.film import read_facts
from facedancer_tf.serving.children import answer_parent, ask_child

LIMIT_S = 20.0  # for a film of 8K some two seconds are needed
STILL = ("jpeg", "bmp", "tiff")  # kinds of pictures that never move


@dataclass(frozen=True)
class FilmLook:
    """What a film says of itself. `frames` and `seconds` are claims, None where the file makes none.

    suffix: of the result's file: an animation stays one, WebM stays WebM, all else becomes MP4, which browsers play.
    """

    width: int
    height: int
    frames: int | None
    seconds: float | None
    suffix: str


def look_at_film(folder: Path, name: str) -> FilmLook:
    """Looks at the film `name` in `folder`. Takes a fifth of a second, and LIMIT_S at most.

    Raises UserError where it is no film that can be swapped; the sentence calls it `name`.
    """
    values = ask_child("facedancer_tf.serving.film_look", folder, name, LIMIT_S)
    if values is None:
        raise UserError(f"{name}: its first frame cannot be read; convert it to MP4", "unreadable")
    return FilmLook(**values)


def _look(path: Path) -> FilmLook:
    with path.open("rb") as file:
        kind = kind_by_content(file.read(START_BYTES))
    if kind in STILL:
        raise UserError(f"{path}: is a picture, not a film; swap it as a picture", "unreadable")
    facts = read_facts(path)
    if kind is not None and facts.frames == 1:
        raise UserError(f"{path}: is a picture that does not move; swap it as a picture", "unreadable")
    suffix = ".mp4"
    if facts.is_animation:
        suffix = ".gif" if facts.container == "gif" else ".webp"
    elif "webm" in facts.container and facts.codec in ("vp8", "vp9", "av1"):
        suffix = ".webm"
    turned = facts.rotation % 180 == 90
    width, height = (facts.height, facts.width) if turned else (facts.width, facts.height)
    return FilmLook(width, height, facts.frames, facts.duration_s, suffix)


if __name__ == "__main__":
    answer_parent(lambda path: asdict(_look(path)))
