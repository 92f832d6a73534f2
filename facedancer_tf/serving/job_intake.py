"""Turns an uploaded form into a job: bounds are checked and faces of the sources looked for before it is queued.

The files of a job are named as sentences about them shall call them: "the target", "source 2".
"""

from pathlib import Path
from secrets import token_hex
from shutil import rmtree

from facedancer_tf.errors import UserError
from facedancer_tf.serving.errors import Refusal, refusal_of
from facedancer_tf.serving.film_look import FilmLook, look_at_film
from facedancer_tf.serving.job_words import JobOrder
from facedancer_tf.serving.picture_work import checked, named_by_field
from facedancer_tf.serving.settings import ServingLimits
from facedancer_tf.serving.uploads import Form
from facedancer_tf.swapping.swap_inputs import find_source
from facedancer_tf.swapping.swapper import Swapper

TARGET = "the target"


def check_sources(swapper: Swapper, form: Form, limits: ServingLimits) -> None:
    """Raises Refusal unless each source is a picture with a face."""
    with named_by_field(form):
        find_source(swapper, [checked(path, limits) for path in form.files["source"]])


def take_film(
    form: Form, parent: Path, model: Path, whom: int | str, limits: ServingLimits
) -> tuple[Path, JobOrder]:
    """Moves the form's files to a folder below `parent`, which is new; returns it and the order for its job.

    Raises Refusal where the target is no film, or is too large or too long; then no folder stays.
    """
    sources = form.files["source"]
    names = (
        [f"source {number}" for number in range(1, len(sources) + 1)] if len(sources) > 1 else ["the source"]
    )
    folder = parent / f"job-{token_hex(8)}"
    folder.mkdir(0o700)
    try:
        for path, name in zip([*sources, form.files["target"][0]], [*names, TARGET], strict=True):
            path.rename(folder / name)
        look = look_at_film(folder, TARGET)
        check_film(look, limits)
    except UserError as error:
        rmtree(folder, ignore_errors=True)
        raise refusal_of(error) from error
    except BaseException:
        rmtree(folder, ignore_errors=True)
        raise
    return folder, JobOrder(
        tuple(names), TARGET, f"result{look.suffix}", str(model), whom, limits.film_frames
    )


def check_film(look: FilmLook, limits: ServingLimits) -> None:
    """Raises Refusal for a film that says itself that it is larger or longer than the limits."""
    for value, most, what in (
        (max(look.width, look.height), limits.film_side_px, "pixels on a side"),
        (look.frames, limits.film_frames, "frames"),
        (look.seconds, limits.film_seconds, "seconds"),
    ):
        if value is not None and value > most:
            sentence = f"a film may have at most {most:,} {what} here, and this one has {value:,.0f}"
            raise Refusal(413, "too_large", f"{sentence}; send a smaller or shorter one")
