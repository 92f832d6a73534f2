"""Swaps the targets of a batch one after the other, in three stages that work at the same time.

One thread reads the next target and finds its faces, this one runs the networks, a third marks and writes the result
before. Each stage has one target, so that no more than three pictures are in memory, however many there are.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import chain

from facedancer_tf.batches.failures import failure_row
from facedancer_tf.batches.film_item import swap_film
from facedancer_tf.batches.identities import Identities
from facedancer_tf.batches.jobs import Job
from facedancer_tf.batches.journal import Fingerprints, Journal
from facedancer_tf.batches.report import Row
from facedancer_tf.films.ahead import ahead
from facedancer_tf.plain_graphs import run_graphs_as_they_are
from facedancer_tf.swapping.picture_swap import WritingOptions, swap_picture
from facedancer_tf.swapping.swap_inputs import Target, find_target, while_loading
from facedancer_tf.swapping.swapper import Swapper
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
    writing: "Future[list[str]]"
    notes: list[str]
    before: float | None
    after: float | None


class Pipeline:
    """Swaps jobs, with what all of them share. `swap` may be used once."""

    def __init__(
        self,
        swapper: Swapper,
        identities: Identities,
        journal: Journal,
        fingerprints: Fingerprints,
        face: int | str,
        options: WritingOptions,
    ) -> None:
        self.swapper, self.identities, self.journal = swapper, identities, journal
        self.fingerprints, self.face, self.options = fingerprints, face, options

    def swap(self, jobs: Sequence[Job]) -> Iterator[Row]:
        """Yields what became of each of `jobs` (one at least); raises UserError where the disk is full."""
        finding = ahead(map(self._find, jobs), depth=1)
        with ThreadPoolExecutor(1) as writer, closing(finding) as stream:
            first = while_loading(lambda: next(stream))
            run_graphs_as_they_are()
            _ = self.swapper.engine  # a model that cannot be loaded ends the run, and fails no single target
            before: Written | None = None
            for found in chain([first], stream):
                written = found if isinstance(found, Row) else self._start(found, writer)
                if before is not None:
                    yield self._finish(before)
                before = written if isinstance(written, Written) else None
                if isinstance(written, Row):
                    yield written
            if before is not None:
                yield self._finish(before)

    def _find(self, job: Job) -> Found | Row:
        output = self.journal.folder / job.output
        try:
            target = None if job.is_film else find_target(self.swapper, job.target, self.face, output)
            self.identities.find(job.sources)
            return Found(job, self.fingerprints.of(job), target)
        except Exception as error:
            if row := failure_row(job, error):
                return row
            raise

    def _start(self, found: Found, writer: ThreadPoolExecutor) -> Written | Row:
        job, output = found.job, self.journal.folder / found.job.output
        try:
            identity = self.identities.embed(job.sources)
            make_folder(output.parent)
            self.journal.begin(job, found.made_from)
            doubts = [identity.doubt] if identity.doubt else []
            if found.target is None:
                notes, before, after = swap_film(self.swapper, identity, job, output, self.face, self.options)
                return Written(job, writer.submit(list, notes), doubts, before, after)
            likeness, writing = swap_picture(
                self.swapper, identity, found.target, output, self.options, writer
            )
            doubts += [*found.target.reduced, *likeness.doubts()]
            return Written(job, writing, doubts, float(likeness.before.mean()), float(likeness.after.mean()))
        except Exception as error:
            if row := failure_row(job, error):
                return row
            raise

    def _finish(self, written: Written) -> Row:
        job = written.job
        try:
            notes = (*written.writing.result(), *written.notes)
            self.journal.finish(job, written.before, written.after)
        except Exception as error:
            if row := failure_row(job, error):
                return row
            raise
        return Row(job.name, job.output.as_posix(), "done", "", written.before, written.after, notes)
