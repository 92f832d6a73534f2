"""The films that a server swaps: one at a time, a few more may wait, and each is gone an hour after its end.

A job owns a folder with its files, which is deleted with it; of an ended job only the film stays there. The numbers of
jobs are unguessable: who knows one may see it.
"""

import logging
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from threading import Condition, Thread

from facedancer_tf.serving.job_process import JobProcess, Running
from facedancer_tf.serving.job_progress import Progress
from facedancer_tf.serving.job_words import ENDS, JobOrder, JobReport
from facedancer_tf.serving.log import REQUESTS

STATUS_OF_END = {"done": "done", "failed": "failed", "stopped": "cancelled"}
SWEEP_S = 60.0  # between two looks for jobs that are to go
Start = Callable[[Path, JobOrder], Running]
log = logging.getLogger(REQUESTS)


class QueueFull(Exception):
    """As many films wait as may wait."""


class Closed(Exception):
    """The server stops, and takes no more films."""


@dataclass(frozen=True)
class JobState:
    """How a job stands. `status` is waiting, running, done, failed or cancelled; `result` is there where it is done.

    stage: "waiting", one of `job_words.STAGES` while it runs, or the status at its end. progress: from 0 to 1.
    code, message: of the error where it failed, else empty.
    """

    id: str
    status: str
    stage: str
    progress: float
    seconds_left: float | None
    code: str
    message: str
    notes: tuple[str, ...]
    result: Path | None


@dataclass
class _Job:
    id: str
    folder: Path
    order: JobOrder
    status: str = "waiting"
    progress: Progress = field(default_factory=Progress)
    end: JobReport = field(default_factory=lambda: JobReport(""))
    ended_s: float = 0.0
    process: Running | None = None

    @property
    def state(self) -> JobState:
        running, done = self.status == "running", self.status == "done"
        return JobState(
            self.id,
            self.status,
            self.progress.stage if running else self.status,
            1.0 if done else self.progress.fraction,
            self.progress.seconds_left if running else None,
            self.end.code,
            self.end.message,
            self.end.notes,
            self.folder / self.order.output if done else None,
        )


class JobQueue:
    """Runs jobs in the order in which they came, one at a time, on a thread of its own. `close` ends it.

    waiting_max: how many jobs may wait for the one that runs. kept_max: how many ended jobs are kept; the oldest go
    first. keep_s: how long an ended job is kept. limit_s: how long a job may run. start: what runs a job.
    """

    def __init__(
        self,
        waiting_max: int,
        kept_max: int,
        keep_s: float,
        limit_s: float,
        start: Start | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._waiting_max, self._kept_max, self._keep_s = waiting_max, kept_max, keep_s
        self._start = start or (lambda folder, order: JobProcess(folder, order, limit_s))
        self._clock = clock
        self._jobs: dict[str, _Job] = {}  # in the order in which they came
        self._changed = Condition()
        self._closed = False
        self._thread = Thread(target=self._work, name="jobs", daemon=True)
        self._thread.start()

    def check_room(self) -> None:
        """Raises QueueFull or Closed where `submit` would; for before a film is uploaded."""
        with self._changed:
            self._check_room()

    def submit(self, folder: Path, order: JobOrder) -> JobState:
        """Queues a job; its folder belongs to the queue from now on. Raises QueueFull or Closed, and takes nothing."""
        with self._changed:
            self._check_room()
            job = _Job(secrets.token_urlsafe(16), folder, order)
            self._jobs[job.id] = job
            self._changed.notify_all()
            return job.state

    def state(self, job_id: str) -> JobState:
        """How a job stands; raises KeyError where there is none of this number, or none any more."""
        with self._changed:
            self._sweep()
            return self._jobs[job_id].state

    def remove(self, job_id: str) -> None:
        """Stops a job if need be and forgets it with its files; raises KeyError as `state` does."""
        with self._changed:
            self._sweep()
            self._forget(self._jobs[job_id])

    def counts(self) -> dict[str, int]:
        """How many jobs there are of each status."""
        with self._changed:
            self._sweep()
            statuses = [job.status for job in self._jobs.values()]
        return {name: statuses.count(name) for name in ("waiting", "running", *STATUS_OF_END.values())}

    def close(self) -> None:
        """Cancels all jobs, waits until the one that runs has stopped, and deletes all files; a few seconds at most."""
        with self._changed:
            self._closed = True
            for job in list(self._jobs.values()):
                self._forget(job)
            self._changed.notify_all()
        self._thread.join()

    def _check_room(self) -> None:
        if self._closed:
            raise Closed
        if sum(job.status == "waiting" for job in self._jobs.values()) >= self._waiting_max + self._is_idle():
            raise QueueFull

    def _is_idle(self) -> bool:
        """Whether nothing runs, so that one of those that wait is about to."""
        return not any(job.status == "running" for job in self._jobs.values())

    def _forget(self, job: _Job) -> None:
        del self._jobs[job.id]
        if job.status != "running":
            rmtree(job.folder, ignore_errors=True)
        elif job.process is not None:
            job.process.stop()  # `_run` deletes the folder when it has stopped

    def _sweep(self) -> None:
        """Forgets the ended jobs whose time is over, and the oldest of too many."""
        ended = [job for job in self._jobs.values() if job.status in STATUS_OF_END.values()]
        ended.sort(key=lambda job: job.ended_s)
        too_many = len(ended) - self._kept_max
        for number, job in enumerate(ended):
            if number < too_many or self._clock() - job.ended_s >= self._keep_s:
                self._forget(job)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            self._run(job)

    def _next(self) -> _Job | None:
        """Waits for the next job, which runs from now on; None when the queue is closed."""
        with self._changed:
            while not self._closed:
                self._sweep()
                for job in self._jobs.values():
                    if job.status == "waiting":
                        job.status = "running"
                        return job
                self._changed.wait(SWEEP_S)
        return None

    def _run(self, job: _Job) -> None:
        try:
            self._follow(job)
        except (OSError, RuntimeError, ValueError):  # the films after this one shall have their turn
            log.exception("a job could not be followed to its end")
            sentence = "its process could not be started or followed; try again"
            self._end(job, JobReport("failed", code="crashed", message=sentence))

    def _follow(self, job: _Job) -> None:
        process = self._start(job.folder, job.order)
        with self._changed:
            job.process = process
            if job.id not in self._jobs:
                process.stop()
        for report in process.reports():
            if report.stage in ENDS:
                self._end(job, report)
            else:
                with self._changed:
                    job.progress.take(report)
                    self._sweep()

    def _end(self, job: _Job, report: JobReport) -> None:
        kept = job.order.output if report.stage == "done" else None
        with suppress(OSError):  # what stays now goes with the job
            for path in job.folder.iterdir():  # uploads are not kept longer than they are needed
                if path.is_dir():  # of pieces, where the process was killed
                    rmtree(path, ignore_errors=True)
                elif path.name != kept:
                    path.unlink()
        with self._changed:
            job.status, job.end, job.ended_s = STATUS_OF_END[report.stage], report, self._clock()
            if job.id not in self._jobs:
                rmtree(job.folder, ignore_errors=True)
            self._sweep()
