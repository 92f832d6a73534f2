"""Swaps the targets of a batch one after the other, in three stages that work at the same time.

One thread reads the next target and finds its faces, this one runs the networks, a third marks and writes the result
before. Each stage has one target, so that no more than three pictures are in memory, however many there are.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import chain

from facedancer_tf.batches.failures import attempt
from facedancer_tf.batches.jobs import Job
from facedancer_tf.batches.journal import Journal
from facedancer_tf.batches.report import Row
from facedancer_tf.batches.stages import Found, Stages, Written
from facedancer_tf.films.ahead import ahead
from facedancer_tf.plain_graphs import run_graphs_as_they_are
from facedancer_tf.swapping.swap_inputs import while_loading


class Pipeline:
    """Swaps jobs in this process. `swap` may be used once."""

    def __init__(self, stages: Stages, journal: Journal) -> None:
        self.stages, self.journal = stages, journal

    def swap(self, jobs: Sequence[Job]) -> Iterator[Row]:
        """Yields what became of each of `jobs` (one at least); raises UserError where the disk is full."""
        finding = ahead((attempt(job, self.stages.find, job) for job in jobs), depth=1)
        with ThreadPoolExecutor(1) as writer, closing(finding) as stream:
            first = while_loading(lambda: next(stream))
            run_graphs_as_they_are()
            _ = (
                self.stages.swapper.engine
            )  # a model that cannot be loaded ends the run, and fails no single target
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

    def _start(self, found: Found, writer: ThreadPoolExecutor) -> Written | Row:
        def begin_and_start() -> Written:
            self.journal.begin(found.job)
            return self.stages.start(found, writer)

        return attempt(found.job, begin_and_start)

    def _finish(self, written: Written) -> Row:
        def finish_and_note() -> Row:
            row, entry = self.stages.finish(written)
            self.journal.finish(entry)
            return row

        return attempt(written.job, finish_and_note)
