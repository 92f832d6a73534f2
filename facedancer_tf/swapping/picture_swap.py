"""Swaps one picture and writes it with its marks, while the likeness to the source is measured."""

from collections.abc import Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facedancer_tf.provenance.certificate import SigningIdentity
from facedancer_tf.provenance.swapped import Swapped
from facedancer_tf.provenance.writing import write_swapped, write_without_marks
from facedancer_tf.swapping.drawing import draw_label
from facedancer_tf.swapping.identity import Identity
from facedancer_tf.swapping.swap_inputs import Target
from facedancer_tf.swapping.swapper import Swapper

LEAST_RISE = 0.1  # a likeness that rises by less says that the swap did not work
LABEL = "AI face swap"


@dataclass(frozen=True)
class WritingOptions:
    """How results are written: with a visible label, signed by whom (None: by this computer), or without all marks."""

    label: bool = False
    signer: SigningIdentity | None = None
    without_marks: bool = False


@dataclass(frozen=True, eq=False)
class Likeness:
    """How alike the swapped faces are to the source: cosines `before` and `after` [n], and the faces' `numbers`."""

    numbers: list[int]
    before: np.ndarray
    after: np.ndarray

    def doubts(self) -> Iterator[str]:
        """A sentence for each face whose likeness hardly rose."""
        for number, was, now in zip(self.numbers, self.before, self.after, strict=True):
            if now < was + LEAST_RISE:
                yield (
                    f"the likeness of face {number} to the source hardly rose ({was:.2f} -> {now:.2f}): it shows "
                    "that person already, or it was found wrongly (see the drawing of the numbered faces)"
                )


def swap_picture(
    swapper: Swapper,
    identity: Identity,
    target: Target,
    output: Path,
    options: WritingOptions,
    beside: Executor,
) -> tuple[Likeness, "Future[list[str]]"]:
    """Swaps the target's chosen faces and lets `beside` write the result to `output`; returns before that has ended.

    Returns the likenesses, and the notes of writing (see `write_result`), which raise UserError where that fails.
    """
    rgb = target.picture.rgb
    swapped = swapper.swap_faces(rgb, target.chosen, identity)
    shown = draw_label(swapped, LABEL) if options.label else swapped
    picture = target.picture
    result = Swapped(shown, [swapper.used_model], target.path, picture.alpha, picture.icc_profile)
    writing = beside.submit(write_result, output, result, options)
    before = swapper.similarity(identity, rgb, target.chosen)
    after = swapper.similarity(identity, swapped, target.chosen)
    return Likeness(target.numbers, before, after), writing


def write_result(path: Path, swapped: Swapped, options: WritingOptions) -> list[str]:
    """Writes the result; returns notes where its format cannot hold transparency or all of the marks."""
    if options.without_marks:
        write_without_marks(path, swapped)
        notes = ["no marks were set: the result is for measuring, and must not be published"]
    else:
        notes = write_swapped(path, swapped, options.signer)
    if swapped.alpha is not None and path.suffix.lower() not in (".png", ".webp"):
        notes.append(f"{path.suffix} holds no transparency, it was left out")
    return notes
