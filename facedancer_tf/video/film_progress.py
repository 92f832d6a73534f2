"""Shows how far the swap of a film is: a bar on a terminal, and calls for a program that asks for them.

A film has three stages: "looking" who is there, "swapping", and "writing" the whole film from its segments.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

from facedancer_tf.films.film import FilmFacts

# Gets a stage, how many frames of it are done, and of how many, None where the film does not say.
Listener = Callable[[str, int, int | None], object]
_WORDS = {"looking": "looking who is there", "swapping": "swapping"}


@contextmanager
def frame_by_frame(
    stage: str, total: int | None, done: int = 0, listener: Listener | None = None
) -> Iterator[Callable[[], None]]:
    """Shows a bar for the stage "looking" or "swapping"; the block calls what it gets after each frame.

    total: how many frames there are, or None. done: how many of them before. An error that `listener` raises ends
    the stage, and goes to the caller.
    """

    def advance() -> None:
        nonlocal done
        done += 1  # a bar that is not shown does not count
        bar.update()
        if listener is not None:
            listener(stage, done, total)

    with tqdm(total=total, initial=done, desc=_WORDS[stage], unit="frame", disable=None) as bar:
        if listener is not None:
            listener(stage, done, total)
        yield advance


def expected_frames(facts: FilmFacts, first_pts: int | None, end_pts: int | None) -> int | None:
    """About how many frames the section has; None where the film does not say."""
    if facts.frames is None or facts.duration_s is None:
        return facts.frames
    start_s = float((first_pts or 0) * facts.time_base)
    end_s = facts.duration_s if end_pts is None else min(float(end_pts * facts.time_base), facts.duration_s)
    return max(1, round(facts.frames * (end_s - start_s) / facts.duration_s))
