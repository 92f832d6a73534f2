"""Swaps a film that is among the targets of a batch."""

from pathlib import Path

from facedancer_tf.batches.jobs import Job
from facedancer_tf.errors import UserError
from facedancer_tf.swapping.identity import Identity
from facedancer_tf.swapping.picture_swap import WritingOptions
from facedancer_tf.swapping.swapper import Swapper


def swap_film(
    swapper: Swapper, identity: Identity, job: Job, output: Path, face: int | str, options: WritingOptions
) -> tuple[list[str], float | None, float | None]:
    """Swaps the film into `output`; returns notes, and the mean likeness to the source before and after.

    Raises UserError where that cannot be: for now always.
    """
    raise UserError("a film: use swap_video.py")
