"""Swaps a film that is among the targets of a batch."""

from pathlib import Path

from facedancer_tf.batches.jobs import Job
from facedancer_tf.swapping.picture_swap import WritingOptions
from facedancer_tf.swapping.swapper import Swapper


def swap_film_item(
    swapper: Swapper, job: Job, output: Path, face: int | str, options: WritingOptions
) -> list[str]:
    """Swaps the job's film into `output`; returns notes. `face` is "largest", "all" or the number of a person.

    Raises UserError where that cannot be.
    """
    # What films need is loaded with the first of them: pictures alone start faster.
    from facedancer_tf.video.casting import Whom, Wish
    from facedancer_tf.video.film_settings import FilmSettings
    from facedancer_tf.video.film_swap import swap_film

    whom: Whom = "all" if face == "all" else face if isinstance(face, int) else "largest"
    settings = FilmSettings(marks=not options.without_marks, signer=options.signer)
    notes = swap_film(swapper, [Wish(job.sources, whom)], job.target, output, settings).notes
    return [*notes, "films get no label"] if options.label else notes
