"""Swaps the targets of a batch on a cluster: one job is one task, and its worker runs all its stages.

This process alone keeps journal and report. A job may run twice, if its worker was lost: a result is written beside its
place and moved there whole, so that does no harm.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from threading import TIMEOUT_MAX

from data.clusters.connection import Cluster, ClusterLost, connected
from data.clusters.sharing import LIMIT_S, Work, share
from data.clusters.worker_process import WorkRefused
from facedancer_tf.batches.jobs import Job
from facedancer_tf.batches.journal import Journal
from facedancer_tf.batches.report import Row
from facedancer_tf.batches.stages import Stages
from facedancer_tf.batches.swapping_worker import StagesElsewhere
from facedancer_tf.errors import UserError

# Several workers may share a GPU: none takes all of its memory at once.
ENVIRONMENT = {"TF_CPP_MIN_LOG_LEVEL": "2", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}
KILLED = "its worker died, and so did those that tried it again; it may need more memory than they have"


@contextmanager
def workers_at(address: str | None, workers: int | None) -> Iterator[Cluster | None]:
    """Connects to the scheduler at `address`; "local" starts `workers` here, by default one for each core.

    Gives None where the block's own process is to work: without an address, and for one worker here. Raises UserError
    where no scheduler answers, also later in the block, and where a worker cannot do the work.
    """
    if address is None:
        yield None
        return
    with ExitStack() as stack:
        try:
            cluster = stack.enter_context(connected(address, workers or os.cpu_count() or 1))
        except ClusterLost as error:
            raise UserError(str(error)) from error
        try:
            yield cluster
        except (ClusterLost, WorkRefused) as error:
            raise UserError(f"{error}; all that was done is kept, and the same command goes on") from error


def swap_on(cluster: Cluster | None, stages: Stages, journal: Journal, jobs: Iterable[Job]) -> Iterator[Row]:
    """Yields what became of each of `jobs`, in any order; without a cluster it works in this process.

    Raises UserError where the disk is full, WorkRefused where a worker cannot do the work, and ClusterLost.
    """
    here = []
    for job in jobs:
        absent = [path for path in (job.target, *job.sources) if not os.path.exists(path)]
        if absent:  # which says nothing about the workers
            yield _failed(job, f"{absent[0]}: there is no such file".removeprefix(f"{job.target}: "))
        else:
            here.append(_of_any_folder(job))
    limit_s = TIMEOUT_MAX if any(job.is_film for job in here) else LIMIT_S  # a film takes as long as it takes
    work = Work(StagesElsewhere.of(stages), _no_parts, ENVIRONMENT, limit_s)
    for done in share(cluster, work, _begun(journal, here)):
        job, outcome = done.task, done.result
        if outcome is None:  # it may have been written, so it stays begun
            yield _failed(job, KILLED)
        elif isinstance(outcome, Row):
            journal.withdraw(job)
            yield outcome
        else:
            row, entry = outcome
            journal.finish(entry)
            yield row


def _begun(journal: Journal, jobs: Iterable[Job]) -> Iterator[Job]:
    for job in jobs:
        journal.begin(job)
        yield job


def _failed(job: Job, reason: str) -> Row:
    return Row(job.name, job.output.as_posix(), "failed", reason)


def _no_parts(job: Job) -> tuple[Job]:
    return (job,)


def _of_any_folder(job: Job) -> Job:
    """The job with paths that hold in whatever folder a worker was started."""
    return replace(job, sources=tuple(path.absolute() for path in job.sources), target=job.target.absolute())
