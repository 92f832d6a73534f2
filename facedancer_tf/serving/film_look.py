"""Looks at a film that somebody sent before it is queued: whether it is one, of what kind, and how large.

Its first frame is decoded for that, in a process of its own: whatever a hostile file does there, the server goes on.

    python -m facedancer_tf.serving.film_look NAME, in the file's folder: one line of JSON on stdout
"""

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

from data.picture_kinds import START_BYTES, kind_by_content
from facedancer_tf.errors import Code, UserError
from facedancer_tf.films.film import read_facts
from facedancer_tf.serving.children import start_child

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
    child = start_child("facedancer_tf.serving.film_look", folder, subprocess.DEVNULL, name)
    try:
        answer, _ = child.process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        answer = b""
    finally:
        child.process.kill()
        child.process.communicate()
    try:
        values = json.loads(answer)
        if "message" in values:
            raise UserError(values["message"], cast(Code, values["code"]))
        return FilmLook(**values)
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(f"{name}: its first frame cannot be read; convert it to MP4", "unreadable") from error


def main() -> None:
    path = Path(sys.argv[1])
    try:
        values: dict[str, object] = asdict(_look(path))
    except UserError as error:
        values = {"code": error.code, "message": str(error)}
    print(json.dumps(values))


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
    main()
