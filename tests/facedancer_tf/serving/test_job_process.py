"""Runs jobs as real processes: refused, stopped, killed, too slow, and left alone by their server."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from facedancer_tf.serving.job_process import JobProcess
from tests.facedancer_tf.serving.job_files import make_job, until

LIMIT_S = 120
ROOT = Path(__file__).resolve().parents[3]


def test_what_cannot_be_swapped_fails_by_one_sentence(tmp_path: Path) -> None:
    order = make_job(tmp_path / "job", tmp_path / "job" / "no.keras")
    *_, end = JobProcess(tmp_path / "job", order, LIMIT_S).reports()
    assert (end.stage, end.code) == ("failed", "missing")
    assert "no.keras" in end.message


def test_a_process_stops_when_it_is_asked_to(tmp_path: Path, tiny_model: Path) -> None:
    order = make_job(tmp_path / "job", tiny_model, frames=200)
    process, stages = JobProcess(tmp_path / "job", order, LIMIT_S), []
    for report in process.reports():
        if report.stage == "looking" and "looking" not in stages:
            process.stop()
        stages.append(report.stage)
    assert stages[-1] == "stopped"
    assert "swapping" not in stages
    assert not Path(f"/proc/{process.pid}").exists()


def test_a_killed_process_is_a_failure_in_one_sentence(tmp_path: Path, tiny_model: Path) -> None:
    process = JobProcess(tmp_path / "job", make_job(tmp_path / "job", tiny_model), LIMIT_S)
    for report in process.reports():
        if report.stage == "loading":
            os.kill(process.pid, signal.SIGKILL)
    assert (report.stage, report.code) == ("failed", "crashed")
    assert report.message.startswith("the process that swapped this film was killed")


def test_a_process_may_run_for_some_time_only(tmp_path: Path, tiny_model: Path) -> None:
    *_, end = JobProcess(tmp_path / "job", make_job(tmp_path / "job", tiny_model), 0.5).reports()
    assert (end.stage, end.code) == ("failed", "too_slow")


SERVER = """
import sys, time
from pathlib import Path
from facedancer_tf.errors import UserError
from facedancer_tf.serving.job_child import swap
from facedancer_tf.serving.job_process import JobProcess
from facedancer_tf.serving.job_words import JobOrder
process = JobProcess(Path(sys.argv[1]), JobOrder(("source-1.jpg",), "target.mp4", "result.mp4"), 100)
next(process.reports())
print(process.pid, flush=True)
time.sleep(100)
"""


def test_a_process_ends_with_a_killed_server(tmp_path: Path) -> None:
    make_job(tmp_path / "job", None, frames=200)
    command = [sys.executable, "-c", SERVER, str(tmp_path / "job")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as server:
        pid = int(server.stdout.readline() if server.stdout else b"")
        server.kill()
    until(lambda: not Path(f"/proc/{pid}").exists())
