"""Runs train.py as a user does: as a process that, in the slow tests, is stopped and killed."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from facedancer_tf.errors import UserError
from facedancer_tf.provenance.checking import check
from facedancer_tf.training import train_loop
from facedancer_tf.training.config import parse_config
from facedancer_tf.weights.model_file import load_model_file
from tests.scripts_here import run_here

ROOT = Path(__file__).parents[1]
# Steps without the encoder's gradient: their graphs are built in a fraction of the time.
LIGHT = ("--loss.identity", "0", "--loss.ifsr", "0", "--loss.cycle", "0", "--loss.r1", "0")


def command(shards: Path, run: Path, *flags: str) -> list[str]:
    return [sys.executable, "train.py", "--config", "configs/smoke.yaml", "--data.folder", str(shards),
            "--run", str(run), *flags]  # fmt: skip


def train(shards: Path, run: Path, *flags: str, code: int = 0) -> str:
    done = subprocess.run(command(shards, run, *flags), cwd=ROOT, capture_output=True, text=True, timeout=400)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def newest(run: Path) -> dict[str, np.ndarray]:
    """Everything in the newest checkpoint, by key."""
    reader = tf.train.load_checkpoint(str(run / "checkpoints"))
    kept = [key for key in reader.get_variable_to_shape_map() if "VARIABLE_VALUE" in key]
    return {key: reader.get_tensor(key) for key in kept}


def newest_step(run: Path) -> int:
    latest = tf.train.latest_checkpoint(str(run / "checkpoints"))
    return int(latest.rsplit("-", 1)[1]) if latest else 0


def start_and_wait_for_step(shards: Path, run: Path, step: int) -> subprocess.Popen:
    flags = (
        *LIGHT,
        "--loss.r1",
        "0",
        "--steps",
        "100000",
        "--save_every_steps",
        "1",
        "--validate_every_steps",
        "100000",
    )
    process = subprocess.Popen(command(shards, run, *flags), cwd=ROOT, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)  # fmt: skip
    deadline = time.monotonic() + 300
    while newest_step(run) < step:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process


@pytest.fixture(scope="module")
def straight(face_shards, tmp_path_factory):
    """One step of the whole recipe, with the real encoder, augmentation, averaging, R1 and cycle."""
    run = tmp_path_factory.mktemp("straight")
    every = ("--r1_every_steps", "1", "--cycle_every_steps", "1", "--validate_every_steps", "1")
    train(face_shards, run, "--steps", "1", *every)
    return run


def test_a_run_leaves_everything_behind(straight):
    assert "size_px: 64" in (straight / "config.yaml").read_text()
    assert list(straight.glob("logs/events*"))
    grid = straight / "pictures" / "step-0000001.png"
    assert check(grid).is_marked
    picture = tf.io.decode_png(tf.io.read_file(str(grid)))
    assert picture.shape[1] == (4 + 3) * 64  # source, target, swapped, reconstruction, three masks
    generator, recipe = load_model_file(straight / "model.keras")
    assert (recipe.step, recipe.encoder, recipe.size_px) == (1, "sface", 64)
    assert generator.count_params() > 0


TWICE = """
import sys
from facedancer_tf.training.config import parse_config
from facedancer_tf.training.train_loop import train

run, *flags = sys.argv[1:]
for steps in ("3", "2"):
    train(parse_config([*flags, "--run", f"{run}-{steps}", "--steps", steps]))
"""


@pytest.mark.slow
def test_two_steps_a_restart_and_one_more_are_three_steps_bit_for_bit(face_shards, tmp_path):
    flags = command(face_shards, tmp_path / "run", *LIGHT)[2:]
    once = [sys.executable, "-c", TWICE, str(tmp_path / "run"), *flags]
    subprocess.run(once, cwd=ROOT, capture_output=True, check=True, timeout=400)
    out = train(face_shards, tmp_path / "run-2", *LIGHT, "--steps", "3")
    assert "Continuing" in out
    expected, resumed = newest(tmp_path / "run-3"), newest(tmp_path / "run-2")
    assert expected.keys() == resumed.keys()
    # (The networks' own weights stand under their optimizers' names.)
    kept = {"averaged", "generator_optimizer", "discriminator_optimizer", "step", "next_sample"}
    assert {k.split("/")[0] for k in expected} >= kept
    unequal = [key for key in expected if not np.array_equal(expected[key], resumed[key])]
    assert not unequal


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on_and_stops_cleanly_when_asked(face_shards, tmp_path):
    run = tmp_path / "run"
    process = start_and_wait_for_step(face_shards, run, 3)
    process.send_signal(signal.SIGKILL)  # while it saves after every step
    process.wait()
    at = newest_step(run)
    process = start_and_wait_for_step(face_shards, run, at + 1)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0, out
    assert [int(step) >= 3 for step in re.findall(r"at step (\d+) of", out)] == [True]
    stopped = int(re.findall(r"Stopped at step (\d+);", out)[0])
    assert newest_step(run) == stopped
    assert load_model_file(run / "model.keras")[1].step == stopped


def test_wrong_requests_are_one_sentence(face_shards, straight, tmp_path):
    nothing = command(tmp_path / "nothing", tmp_path / "run")[1:]
    ran = run_here(*nothing, folder=ROOT)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert re.fullmatch(r"error: .*prepare_data\.py.*\n", ran.stderr), ran.stderr
    smoke = ["--config", "configs/smoke.yaml", "--data.folder", str(face_shards)]
    for flags, words in (
        (["--run", str(straight), "--generator.base_filters", "8"], "other settings of generator"),
        (["--run", str(tmp_path / "run"), "--size_px", "128"], "at most the 64 px"),
    ):
        with pytest.raises(UserError, match=words):
            train_loop.train(parse_config([*smoke, *flags]))
    assert not (tmp_path / "run").exists()
