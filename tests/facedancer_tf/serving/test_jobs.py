"""Queues jobs that only pretend to run: order, bounds, cancelling, expiry, and the end of the server."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from queue import Queue

import pytest

from facedancer_tf.serving.job_process import JobProcess
from facedancer_tf.serving.job_words import JobOrder, JobReport
from facedancer_tf.serving.jobs import Closed, JobQueue, JobState, QueueFull
from tests.facedancer_tf.serving.job_files import make_job, until

ORDER = JobOrder(("a.jpg",), "film.mp4", "result.mp4")
WAIT_S = 10


class Pretended:
    """A job that says what the test tells it to say."""

    def __init__(self) -> None:
        self.says: Queue[JobReport] = Queue()

    def say(self, *reports: JobReport) -> None:
        for report in reports:
            self.says.put(report)

    def stop(self) -> None:
        self.say(JobReport("stopped"))

    def reports(self) -> Iterator[JobReport]:
        while True:
            report = self.says.get(timeout=WAIT_S)
            yield report
            if report.stage in ("done", "failed", "stopped"):
                return


class Stage:
    """A queue of two waiting jobs and three kept ones, its clock, and the jobs that it has started."""

    def __init__(self, folder: Path) -> None:
        self.now_s, self._folder, self._numbers = 0.0, folder, count()
        self.started: Queue[Pretended] = Queue()
        self.queue = JobQueue(2, 3, 3600, 60, self._start, lambda: self.now_s)

    def _start(self, folder: Path, order: JobOrder) -> Pretended:
        job = Pretended()
        self.started.put(job)
        return job

    def submit(self) -> JobState:
        folder = self._folder / str(next(self._numbers))
        folder.mkdir()
        for name in (*ORDER.sources, ORDER.target, ORDER.output):
            (folder / name).touch()
        (folder / "pieces").mkdir()
        return self.queue.submit(folder, ORDER)

    def running(self) -> Pretended:
        """The job that has started next."""
        return self.started.get(timeout=WAIT_S)

    def folders(self) -> set[str]:
        return {path.name for path in self._folder.iterdir()}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.queue.close()


def status(stage: Stage, job: JobState) -> str:
    return stage.queue.state(job.id).status


def test_jobs_run_one_after_another_and_say_how_they_stand(stage: Stage, tmp_path: Path) -> None:
    first = stage.submit()
    running = stage.running()
    second = stage.submit()
    assert (first.status, first.stage, first.progress, first.result) == ("waiting", "waiting", 0.0, None)
    assert status(stage, second) == "waiting"
    assert stage.started.empty()
    running.say(JobReport("looking", 5, 10))
    until(lambda: stage.queue.state(first.id).stage == "looking")
    running.say(JobReport("done", notes=("a note",)))
    until(lambda: status(stage, first) == "done")
    done = stage.queue.state(first.id)
    assert (done.progress, done.seconds_left, done.notes) == (1.0, None, ("a note",))
    assert done.result is not None
    assert [path.name for path in done.result.parent.iterdir()] == ["result.mp4"]
    stage.running().say(JobReport("failed", code="no_face", message="nobody"))
    until(lambda: status(stage, second) == "failed")
    failed = stage.queue.state(second.id)
    assert (failed.code, failed.message, failed.result) == ("no_face", "nobody", None)
    assert len(list(tmp_path.glob("*/*"))) == 1
    assert stage.queue.counts() == {"waiting": 0, "running": 0, "done": 1, "failed": 1, "cancelled": 0}


def test_a_queue_is_full(stage: Stage) -> None:
    stage.submit()
    stage.running()
    for _ in range(2):
        stage.queue.check_room()
        stage.submit()
    with pytest.raises(QueueFull):
        stage.queue.check_room()
    with pytest.raises(QueueFull):
        stage.submit()


def test_removed_jobs_are_forgotten_and_so_are_their_files(stage: Stage) -> None:
    first, second, third = stage.submit(), stage.submit(), stage.submit()
    stage.running()
    stage.queue.remove(second.id)  # waits
    assert stage.folders() == {"0", "2"}
    stage.queue.remove(first.id)  # runs
    for job in (first, second):
        with pytest.raises(KeyError):
            stage.queue.state(job.id)
        with pytest.raises(KeyError):
            stage.queue.remove(job.id)
    stage.running().say(JobReport("done"))
    until(lambda: status(stage, third) == "done")
    assert stage.folders() == {"2"}
    stage.queue.remove(third.id)  # has ended
    assert stage.folders() == set()


def test_ended_jobs_go_after_an_hour_and_the_oldest_of_too_many_at_once(stage: Stage) -> None:
    jobs = []
    for number in range(4):
        jobs.append(stage.submit())
        stage.now_s = float(number)
        stage.running().say(JobReport("done"))
        until(lambda: stage.queue.counts()["running"] + stage.queue.counts()["waiting"] == 0)
    assert stage.folders() == {"1", "2", "3"}
    with pytest.raises(KeyError):
        stage.queue.state(jobs[0].id)
    stage.now_s = 3601.5
    assert stage.queue.counts()["done"] == 2
    assert stage.folders() == {"2", "3"}
    stage.submit()
    running = stage.running()
    stage.now_s = 3602.5
    running.say(JobReport("looking"))  # nobody asks, and a film may take long
    until(lambda: stage.folders() == {"3", "4"})


def test_a_closed_queue_stops_all_and_takes_nothing(stage: Stage) -> None:
    stage.submit()
    stage.submit()
    stage.running()
    stage.queue.close()
    assert stage.folders() == set()
    with pytest.raises(Closed):
        stage.queue.check_room()


def test_where_no_process_can_be_started_the_job_fails(tmp_path: Path) -> None:
    def start(folder: Path, order: JobOrder) -> Pretended:
        raise OSError("no more processes")

    queue = JobQueue(2, 2, 60, 60, start)
    (tmp_path / "job").mkdir()
    job = queue.submit(tmp_path / "job", ORDER)
    until(lambda: queue.state(job.id).status == "failed")
    assert queue.state(job.id).message == "its process could not be started or followed; try again"
    queue.close()


def test_a_real_process_is_stopped_and_its_files_go(tmp_path: Path, tiny_model: Path) -> None:
    processes: list[JobProcess] = []

    def start(folder: Path, order: JobOrder) -> JobProcess:
        processes.append(JobProcess(folder, order, 60))
        return processes[-1]

    queue = JobQueue(1, 1, 60, 60, start)
    job = queue.submit(tmp_path / "job", make_job(tmp_path / "job", tiny_model, frames=60))
    until(lambda: bool(processes))
    pid = processes[0].pid
    queue.remove(job.id)
    until(lambda: not (tmp_path / "job").exists())
    assert not Path(f"/proc/{pid}").exists()
    queue.close()
