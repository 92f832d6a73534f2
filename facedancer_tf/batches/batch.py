"""Swaps many targets in one run: passes over what is done, goes on after failures, and reports on each."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from data.clusters.connection import Cluster
from facedancer_tf.batches.cluster_swaps import swap_on
from facedancer_tf.batches.jobs import Job, check_folder, check_jobs
from facedancer_tf.batches.journal import Fingerprints, Journal, open_journal
from facedancer_tf.batches.pipeline import Pipeline
from facedancer_tf.batches.report import Row, check_report, write_report
from facedancer_tf.batches.stages import Stages
from facedancer_tf.errors import UserError
from facedancer_tf.swapping.picture_swap import WritingOptions
from facedancer_tf.swapping.swapper import Swapper

IN_PLACE = {
    "foreign": "its output is a file that no run into this folder wrote: move that away",
    "changed": "its output was changed after it was written: move that away to have it made again",
}


@dataclass(frozen=True)
class Batch:
    """What is to be done. unusable: reasons by the names of targets that cannot be read. face: as in `choose_faces`."""

    jobs: Sequence[Job]
    unusable: Mapping[str, str]
    folder: Path
    face: int | str
    options: WritingOptions


def run_batch(swapper: Swapper, batch: Batch, cluster: Cluster | None = None) -> list[Row]:
    """Runs the batch into its output folder; returns a row for each target, as the report there has them.

    cluster: who swaps, None for this process. A target that fails is a row with the reason. The report is also written
    where the run is interrupted. Raises UserError where the batch is impossible, where all jobs have one source that
    cannot be used, or where the disk is full, and what `swap_on` raises where the cluster cannot go on.
    """
    check_folder(batch.folder)
    check_jobs(batch.jobs, batch.folder)
    check_report(batch.folder)
    stages = Stages(swapper, batch.folder, batch.face, batch.options)
    if len({job.sources for job in batch.jobs}) == 1:
        stages.identities.find(batch.jobs[0].sources)
    with open_journal(batch.folder) as journal:
        rows = known_rows(batch, journal, stages.fingerprints)
        jobs = [job for job in batch.jobs if job.output.as_posix() not in rows]
        try:
            if cluster is None:
                swapped = Pipeline(stages, journal).swap(jobs)
            else:
                swapped = swap_on(cluster, stages, journal, jobs)
            with tqdm(total=len(batch.jobs), initial=len(rows), unit="file", disable=None) as bar:
                for row in swapped if jobs else ():
                    rows[row.output] = row
                    bar.update()
        except BaseException:
            with suppress(UserError):  # what ended the run is the error to tell
                write_report(batch.folder, in_order(batch, rows))
            raise
        write_report(batch.folder, in_order(batch, rows))
    return in_order(batch, rows)


def known_rows(batch: Batch, journal: Journal, fingerprints: Fingerprints) -> dict[str, Row]:
    """The rows of jobs that need no work, by output: those done before, and those whose place is taken."""
    rows = {}
    for job in tqdm(batch.jobs, desc="looking what is done", unit="file", leave=False, disable=None):
        place, entry = journal.look(job)
        output = job.output.as_posix()
        if place in IN_PLACE:
            rows[output] = Row(job.name, output, "failed", IN_PLACE[place])
        elif (
            entry is not None and entry.content and entry.made_from == fingerprint_or_none(job, fingerprints)
        ):
            rows[output] = Row(job.name, output, "skipped", "", entry.before, entry.after)
    return rows


def fingerprint_or_none(job: Job, fingerprints: Fingerprints) -> str | None:
    """What the job would be made from; None where a file cannot be read, which swapping then says."""
    try:
        return fingerprints.of(job)
    except UserError:
        return None


def in_order(batch: Batch, rows: Mapping[str, Row]) -> list[Row]:
    """The rows so far in the order of the jobs, and behind them those of the targets that cannot be read."""
    of_jobs = [rows[job.output.as_posix()] for job in batch.jobs if job.output.as_posix() in rows]
    return [*of_jobs, *(Row(name, "", "failed", reason) for name, reason in batch.unusable.items())]
