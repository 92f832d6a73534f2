"""Swaps small films in real processes: to the end, into errors, stopped, killed, and left alone by their server."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from facedancer_tf.errors import UserError
from facedancer_tf.films.film import read_facts
from facedancer_tf.provenance.checking import check
from facedancer_tf.serving.job_child import swap
from facedancer_tf.serving.job_process import JobProcess
from facedancer_tf.serving.job_words import JobReport
from tests.facedancer_tf.serving.job_files import make_job

LIMIT_S = 120
ROOT = Path(__file__).resolve().parents[3]


def test_a_film_is_swapped_and_marked(tmp_path: Path, tiny_model: Path) -> None:
    order = make_job(tmp_path / "job", tiny_model)
    reports = list(JobProcess(tmp_path / "job", order, LIMIT_S).reports())
    stages = list(dict.fromkeys(report.stage for report in reports))
    assert stages == ["loading", "looking", "swapping", "writing", "done"], reports[-1]
    assert reports[-2] == JobReport("writing", 6, 6)
    assert read_facts(tmp_path / "job" / "result.mp4").frames == 6
    assert check(tmp_path / "job" / "result.mp4").is_marked


def test_a_film_without_a_face_fails_by_one_sentence(tmp_path: Path, tiny_model: Path) -> None:
    order = make_job(tmp_path / "job", tiny_model, faces=0)
    *_, end = JobProcess(tmp_path / "job", order, LIMIT_S).reports()
    assert (end.stage, end.code) == ("failed", "no_face")
    assert end.message.startswith("nobody whose face could be swapped was found in the film")


def test_a_film_of_more_frames_than_allowed_is_left_whatever_it_says(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = replace(make_job(tmp_path / "job", tiny_model), frames_max=3)
    monkeypatch.chdir(tmp_path / "job")
    with pytest.raises(UserError, match=r"^a film may have 3 frames here, and this one has more$"):
        swap(order, lambda report: None)
    assert sorted(os.listdir()) == ["source-1.jpg", "target.mp4"]


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
    ends_s = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < ends_s:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()
