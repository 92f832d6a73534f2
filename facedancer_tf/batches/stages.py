"""The three stages of swapping one job: find faces, swap, finish. They keep no journal, and a worker needs no other.

Whoever calls them says where: one after the other, or each in a thread of its own for one job after the other.
"""

from concurrent.futures import Executor, Future
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from facedancer_tf import __version__
from facedancer_tf.batches.film_item import swap_film_item
from facedancer_tf.batches.identities import Identities
from facedancer_tf.batches.jobs import Job
from facedancer_tf.batches.journal import Entry, Fingerprints
from facedancer_tf.batches.report import Row
from facedancer_tf.swapping.picture_swap import WritingOptions, swap_picture
from facedancer_tf.swapping.swap_inputs import Target, find_target
from facedancer_tf.swapping.swapper import Swapper
from facedancer_tf.weights.catalogue import sha256_of
from facedancer_tf.writing import make_folder


@dataclass(frozen=True)
class Found:
    """A job whose source and target have faces. made_from: see `Fingerprints`. target: None for a film."""

    job: Job
    made_from: str
    target: Target | None


@dataclass(frozen=True)
class Written:
    """A job whose result is being written: `writing` gives its notes. before, after: mean likenesses."""

    job: Job
    made_from: str
    writing: "Future[list[str]]"
    notes: list[str]
    before: float | None = None
    after: float | None = None


class Stages:
    """What the jobs of a batch share. folder: of the results. face: as in `choose_faces`.

    `find`, `start` and `finish` may each run in a thread of its own; each raises UserError where the job cannot be.
    """

    def __init__(self, swapper: Swapper, folder: Path, face: int | str, options: WritingOptions) -> None:
        self.swapper, self.folder, self.face, self.options = swapper, folder, face, options
        self.settings = self._settings()
        self.identities = Identities(swapper)
        self.fingerprints = Fingerprints(self.settings)

    def find(self, job: Job) -> Found:
        """Reads the target and the sources and finds their faces; networks are not used."""
        output = self.folder / job.output
        target = None if job.is_film else find_target(self.swapper, job.target, self.face, output)
        self.identities.find(job.sources)
        return Found(job, self.fingerprints.of(job), target)

    def start(self, found: Found, writer: Executor) -> Written:
        """Runs the networks, and lets `writer` write the result beside its place and then move it there."""
        job, output = found.job, self.folder / found.job.output
        make_folder(output.parent)
        if found.target is None:
            notes = swap_film_item(self.swapper, job, output, self.face, self.options)
            return Written(job, found.made_from, writer.submit(list, notes), [])
        identity = self.identities.embed(job.sources)
        doubts = [identity.doubt] if identity.doubt else []
        likeness, writing = swap_picture(self.swapper, identity, found.target, output, self.options, writer)
        doubts += [*found.target.reduced, *likeness.doubts()]
        before, after = float(likeness.before.mean()), float(likeness.after.mean())
        return Written(job, found.made_from, writing, doubts, before, after)

    def finish(self, written: Written) -> tuple[Row, Entry]:
        """Waits until the result is written; returns the job's row, and the entry that the journal is to get."""
        job, before, after = written.job, written.before, written.after
        output, notes = job.output.as_posix(), (*written.writing.result(), *written.notes)
        content = sha256_of(self.folder / job.output)
        row = Row(job.name, output, "done", "", before, after, notes)
        return row, Entry(output, written.made_from, content, before, after)

    def _settings(self) -> dict[str, Any]:
        """What decides about results beside their sources and targets."""
        encoder, signer = self.swapper.encoder_weights, self.options.signer
        return {
            "program": __version__,
            "model": self.swapper.used_model.sha256,
            "encoder": None if encoder is None else sha256_of(encoder),
            "detector": self.swapper.detector.name,
            "paste_steps": asdict(self.swapper.paste_steps),
            "face": self.face,
            "label": self.options.label,
            "without_marks": self.options.without_marks,
            "signer": None if signer is None else sha256(signer.chain).hexdigest(),
        }
