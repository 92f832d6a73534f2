"""Runs train.py with two workers on this machine: they are stopped, killed, continued by one, and started wrongly."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tensorflow as tf

from facedancer_tf.weights.model_file import load_model_file
from tests.workers import ROOT, outputs, started

# One graph, and a step without the encoder's gradient: built in a fraction of the time.
FLAGS = ("--config", "configs/smoke.yaml", "--batch_size", "4", "--loss.identity", "0", "--loss.ifsr", "0",
         "--r1_every_steps", "1", "--cycle_every_steps", "1", "--save_every_steps", "1",
         "--data.cached_embeddings", "true")  # fmt: skip
TWO = ("--strategy", "multi_worker", "--wait_for_workers_s", "60")


def command(shards: Path, run: Path, *flags: str) -> list[str]:
    return [sys.executable, "train.py", *FLAGS, "--data.folder", str(shards), "--run", str(run), *flags]


def train_alone(shards: Path, run: Path, steps: int) -> None:
    done = subprocess.run(command(shards, run, "--steps", str(steps)), cwd=ROOT, capture_output=True, text=True,
                          timeout=400)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def newest_step(run: Path) -> int:
    latest = tf.train.latest_checkpoint(str(run / "checkpoints"))
    return int(latest.rsplit("-", 1)[1]) if latest else 0


def wait_for_step(processes: list[subprocess.Popen], run: Path, step: int) -> None:
    deadline = time.monotonic() + 300
    while newest_step(run) < step:
        assert all(process.poll() is None for process in processes), outputs(processes, 60)
        assert time.monotonic() < deadline
        time.sleep(0.1)


def logged_losses(run: Path) -> dict[tuple[int, str], float]:
    """Every training scalar of the run's TensorBoard logs, by step and name."""
    losses = {}
    for path in sorted(run.glob("logs/events*")):
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                if value.tag.startswith("train/"):
                    losses[event.step, value.tag] = float(tf.make_ndarray(value.tensor))
    return losses


@pytest.mark.slow
def test_one_two_and_again_one_worker_give_the_losses_of_one(face_shards, tmp_path):
    straight, changing = tmp_path / "straight", tmp_path / "changing"
    train_alone(face_shards, straight, 6)
    train_alone(face_shards, changing, 2)
    # The second worker has its run folder elsewhere: only the chief reads and writes one.
    both = [command(face_shards, run, *TWO, "--steps", "4") for run in (changing, tmp_path / "unused")]
    with started(*both) as processes:
        chief, other = outputs(processes, 300)
        assert [process.returncode for process in processes] == [0, 0], chief + other
    assert "Continuing" in chief
    assert "at step 2 of 4 on 2 x CPU" in chief
    assert "step 4: similarity_to_source" in chief  # validated by the chief alone
    assert other == ""
    assert not (tmp_path / "unused").exists()
    assert load_model_file(changing / "model.keras")[1].step == 4
    train_alone(face_shards, changing, 6)
    expected, got = logged_losses(straight), logged_losses(changing)
    assert expected.keys() == got.keys()
    # Measured: 2e-7 of the loss. What Adam makes of rounding grows with the steps.
    assert got == pytest.approx(expected, rel=2e-5, abs=1e-6)


@pytest.mark.slow
def test_a_worker_that_is_asked_stops_all_and_one_that_dies_ends_all(face_shards, tmp_path):
    run = tmp_path / "run"
    endless = command(face_shards, run, *TWO, "--steps", "100000", "--validate_every_steps", "100000")
    with started(endless, endless) as processes:
        wait_for_step(processes, run, 2)
        processes[1].send_signal(signal.SIGTERM)
        chief, other = outputs(processes, 120)
        assert [process.returncode for process in processes] == [0, 0], chief + other
    assert other == ""
    stopped = int(re.findall(r"Stopped at step (\d+);", chief)[0])
    assert newest_step(run) == stopped
    for lost, left in ((1, 0), (0, 1)):
        with started(endless, endless) as processes:
            wait_for_step(processes, run, newest_step(run) + 1)
            processes[lost].kill()
            out, _ = processes[left].communicate(timeout=60)
            assert processes[left].returncode == 2, out
        assert f"error: worker {lost} was lost" in out
        assert "Traceback" not in out
        saved = tf.train.load_checkpoint(str(run / "checkpoints"))
        assert saved.get_tensor("step/.ATTRIBUTES/VARIABLE_VALUE") == newest_step(run)


def test_workers_of_different_settings_and_workers_alone_end_in_one_sentence(face_shards, tmp_path):
    good = command(face_shards, tmp_path / "run", *TWO)
    with started(good, [*good, "--seed", "1"]) as processes:
        for out in outputs(processes, 120):
            assert out.startswith("error: all workers must have the same settings and data. Worker 1, ")
            assert out.endswith("differs in: seed.\n")
            assert len(out.splitlines()) == 1
        assert [process.returncode for process in processes] == [2, 2]
    with started([*good, "--wait_for_workers_s", "1"], [sys.executable, "-c", ""]) as processes:
        out = outputs(processes, 120)[0]
        assert processes[0].returncode == 2
        assert "error: worker 0 cannot reach worker 1 at 127.0.0.1:" in out
        assert len(out.splitlines()) == 1


def test_the_batch_is_shared_evenly_or_not_at_all(face_shards, tmp_path):
    odd = command(face_shards, tmp_path / "run", *TWO, "--batch_size", "3")
    with started(odd, odd) as processes:
        for out in outputs(processes, 120):
            assert out == "error: `batch_size` must be a multiple of the 2 devices. Received: 3\n"
        assert [process.returncode for process in processes] == [2, 2]
