"""Shares tasks among the workers of a cluster, at least once each, and finds those that kill their workers.

A task may run more than once (its worker died, the scheduler was started anew), so it must do no harm to do it again.
Each result comes once. Workers may come and go.
"""

import math
import pickle
import queue
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tqdm import tqdm

from data.clusters.connection import Cluster
from data.clusters.installation import installed
from data.clusters.worker_process import WorkRefused, run_task

if TYPE_CHECKING:
    from dask.typing import Key
    from distributed import Future

Task = TypeVar("Task")
Result = TypeVar("Result")

LIMIT_S = 900.0
DEATHS = 2  # of workers with a suspect, until it is given up
AT_ONCE = 2  # tasks for each thread of a worker: one runs while the next one comes
LOOK_AGAIN_S = 1.0  # until new workers are looked for
ALONE_S = 10.0  # without any worker, until that is said


@dataclass(frozen=True)
class Done(Generic[Task, Result]):
    """A task, and what came of it; None where it has killed its workers."""

    task: Task
    result: Result | None


@dataclass(frozen=True)
class Work(Generic[Task, Result]):
    """What is to be done with each task. All of it is pickled for other processes.

    build: called once in each worker, returns the function from a task to its result. divide: the parts of a task, none
    where it has no parts; they are tried one by one after a worker has died with it. environment: variables of the
    workers' processes. limit_s: how long one task may take before its worker is killed.
    """

    build: Callable[[], Callable[[Task], Result]]
    divide: Callable[[Task], Sequence[Task]]
    environment: Mapping[str, str]
    limit_s: float = LIMIT_S


def share(
    cluster: Cluster | None, work: Work[Task, Result], tasks: Iterable[Task]
) -> Iterator[Done[Task, Result]]:
    """Yields what came of each of `tasks`, or of its parts, in any order; without a cluster it works in this process.

    A task is taken from `tasks` shortly before it runs, so these may say by a generator what has begun. An error that a
    task raises is raised again. Raises WorkRefused where a worker is of another version, and ClusterLost where the
    scheduler stays away.
    """
    if cluster is None:
        function = work.build()
        yield from (Done(task, function(task)) for task in tasks)
        return
    sharing = _Sharing(cluster, work)
    try:
        yield from sharing.run(tasks)
    finally:
        sharing.cancel()


@dataclass(frozen=True)
class _Running(Generic[Task]):
    """A task at work; deaths: of workers that had it as a suspect, None for what is no suspect."""

    future: "Future"
    task: Task
    deaths: int | None


class _Sharing(Generic[Task, Result]):
    """The tasks that wait, those that run, and the suspects: tasks with which, or beside which, a worker died.

    One suspect runs at a time, so that no other is blamed for what it does. Suspects come with their number of deaths.
    """

    def __init__(self, cluster: Cluster, work: Work[Task, Result]) -> None:
        self.cluster, self.work = cluster, work
        self.waiting: deque[Task] = deque()
        self.suspects: deque[tuple[Task, int]] = deque()
        self.running: dict[Key, _Running[Task]] = {}  # by the future's key
        self.ended: queue.SimpleQueue[Future] = queue.SimpleQueue()
        self.alone_since: float | None = None
        self.fixed = (installed(), dict(work.environment), pickle.dumps(work.build), work.limit_s)

    def run(self, tasks: Iterable[Task]) -> Iterator[Done[Task, Result]]:
        coming, more = iter(tasks), True
        room, look_at = 0, 0.0
        while more or self.waiting or self.suspects or self.running:
            if not self.cluster.is_up:
                self._take_back()
                self.cluster.come_back()
            if (now := time.monotonic()) >= look_at:
                room, look_at = self._room(), now + LOOK_AGAIN_S
            if self.suspects and all(run.deaths is None for run in self.running.values()):
                self._submit(*self.suspects.popleft())
            while (self.waiting or more) and len(self.running) < room:
                task = self.waiting.popleft() if self.waiting else next(coming, None)
                if task is None:
                    more = False
                else:
                    self._submit(task, None)
            if room and not self.running:
                continue  # nothing is left
            try:
                future = self.ended.get(timeout=LOOK_AGAIN_S)
            except queue.Empty:
                continue
            if future.key in self.running:  # else it was given to a scheduler before this one
                yield from self._end(self.running.pop(future.key))

    def cancel(self) -> None:
        """Takes back what has not been done."""
        if self.running and self.cluster.is_up:
            self.cluster.client.cancel([run.future for run in self.running.values()], force=True)

    def _room(self) -> int:
        try:
            room = self.cluster.threads() * AT_ONCE
        except (OSError, TimeoutError):  # lost just now
            return 0
        now = time.monotonic()
        if room:
            self.alone_since = None
        elif self.alone_since is None:
            self.alone_since = now
        elif now - self.alone_since > ALONE_S:
            self.alone_since = math.inf  # it is said once
            tqdm.write("note: the cluster has no worker left: waiting for one", file=sys.stderr)
        return room

    def _submit(self, task: Task, deaths: int | None) -> None:
        future = self.cluster.client.submit(run_task, *self.fixed, pickle.dumps(task), pure=False)
        self.running[future.key] = _Running(future, task, deaths)
        future.add_done_callback(self.ended.put)

    def _take_back(self) -> None:
        for run in self.running.values():
            self._again(run)
        self.running.clear()

    def _again(self, run: _Running[Task]) -> None:
        if run.deaths is None:
            self.waiting.appendleft(run.task)
        else:
            self.suspects.appendleft((run.task, run.deaths))

    def _end(self, run: _Running[Task]) -> Iterator[Done[Task, Result]]:
        from distributed.client import FutureCancelledError
        from distributed.scheduler import KilledWorker

        try:
            result: Any = run.future.result()
        except KilledWorker:
            if run.deaths is None:
                self.suspects.extend((part, 0) for part in self.work.divide(run.task))
            elif run.deaths + 1 < DEATHS:
                self.suspects.appendleft((run.task, run.deaths + 1))
            else:
                yield Done(run.task, None)
        except FutureCancelledError:  # the scheduler was lost, and the result with it
            self._again(run)
        except (ImportError, AttributeError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and "deserialization" not in str(error):
                raise
            reason = " ".join(str(error.__cause__ or error).split())
            raise WorkRefused(
                f"a worker or the scheduler cannot load this project ({reason}): start both in a clone of this version"
            ) from error
        else:
            yield Done(run.task, result)
