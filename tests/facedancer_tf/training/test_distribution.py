"""Tests that two devices, or two workers, give the losses, gradients and weights of one device on the same batches.

They run in processes of their own, because TensorFlow must know devices and workers before anything else.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from facedancer_tf.training.run_folder import CHECKPOINTS, MODEL
from facedancer_tf.weights.model_file import load_model_file
from tests.workers import ROOT, outputs, started

STEP = [sys.executable, "-m", "tests.facedancer_tf.training.distributed_step"]


@pytest.fixture(scope="module")
def one_device(face_crops, face_shards, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("steps")
    np.save(folder / "crops.npy", face_crops)
    run([*STEP, "one_device", str(folder), str(face_shards)])
    return folder


def run(command: list[str]) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def require_the_same_steps(one: dict[str, np.ndarray], two: dict[str, np.ndarray]) -> None:
    """Tolerances: five times what was measured, or less.

    Of the second step only losses are compared closely: Adam makes a whole step of a gradient that is nothing but
    rounding, and those weights differ from there on.
    """
    assert one.keys() == two.keys()
    for name in one:
        if "/loss/" in name:
            rtol = 1e-6 if name.startswith("0") else 5e-4
            np.testing.assert_allclose(two[name], one[name], rtol=rtol, err_msg=name)
    for network in ("generator", "discriminator"):
        names = [name for name in one if name.startswith(f"0/gradient/{network}/")]
        whole, other = (np.concatenate([np.ravel(state[name]) for name in names]) for state in (one, two))
        apart = np.linalg.norm(whole - other) / np.linalg.norm(whole)
        print(f"{network}: gradients differ by {apart:.1e} of their norm")
        assert apart <= 5e-3, network  # kinks of LeakyReLU make much of rounding
    for number in "01":
        weights = [name for name in one if name.startswith(f"{number}/weight")]
        moved = np.concatenate([np.ravel(np.abs(one[name] - two[name])) for name in weights])
        assert np.mean(moved < 2e-5) > 0.95, np.mean(moved < 2e-5)  # a step moves them by 1e-4


def test_only_the_global_mean_decides_about_the_hinge(one_device):
    """What the comparison below rests on: hinges of single replicas would give quite another loss."""
    arrays = np.load(one_device / "ifsr.npz")
    distance, threshold = arrays["distance"], arrays["threshold"][:, None]  # [block, sample]
    local = np.maximum(distance.reshape(2, 2, 2).mean(axis=2) - threshold, 0)  # [block, replica]
    assert (local > 0).sum(axis=1).tolist() == [1, 1]
    whole = np.maximum(distance.mean(axis=1, keepdims=True) - threshold, 0)
    assert (whole > 0).ravel().tolist() == [True, False]
    loss = np.load(one_device / "one_device.npz")["0/loss/ifsr"]
    assert loss == pytest.approx(whole.sum(), rel=1e-4)
    assert local.mean(axis=1).sum() > 1.5 * loss


@pytest.mark.parametrize("kind", ["mirrored", pytest.param("multi_worker", marks=pytest.mark.slow)])
def test_the_same_batches_give_the_same_steps_and_the_same_pictures(kind, one_device, face_shards):
    command = [*STEP, kind, str(one_device), str(face_shards)]
    if kind == "mirrored":
        run(command)
    else:
        with started(command, command) as processes:
            out = outputs(processes, 400)
            assert [process.returncode for process in processes] == [0, 0], out
    one, two = (dict(np.load(one_device / f"{name}.npz")) for name in ("one_device", kind))
    require_the_same_steps(one, two)
    whole = np.load(one_device / "one_device-batch-0.npz")
    parts = [np.load(path) for path in sorted(one_device.glob(f"{kind}-batch-*.npz"))]
    assert len(parts) == (1 if kind == "mirrored" else 2)
    assert whole["sample"].tolist() == [8, 9, 10, 11]
    for name in whole:
        np.testing.assert_array_equal(np.concatenate([part[name] for part in parts]), whole[name])


TRAIN = """
import sys
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from facedancer_tf.plain_graphs import run_graphs_as_they_are
from facedancer_tf.training import train_loop
from facedancer_tf.training.config import parse_config
from tests.facedancer_tf.training.small_training import tiny_models

if sys.argv[1] == "tiny":
    run_graphs_as_they_are()
    train_loop.build_models = tiny_models
    train_loop.save_model_file = lambda *_: None  # takes no others than its recipe says
for steps in ("1", "2"):
    train_loop.train(parse_config([*sys.argv[2:], "--steps", steps]))
"""


@pytest.mark.parametrize("networks", ["tiny", pytest.param("whole", marks=pytest.mark.slow)])
def test_a_mirrored_run_saves_and_goes_on(networks, face_shards, tmp_path):
    # One graph, without the encoder's gradient: built in a fraction of the time.
    off = [part for term in ("identity", "ifsr", "cycle", "r1") for part in (f"--loss.{term}", "0")]
    out = run([sys.executable, "-c", TRAIN, networks, "--config", "configs/smoke.yaml", *off,
               "--data.folder", str(face_shards), "--run", str(tmp_path / "run"), "--strategy", "mirrored",
               "--batch_size", "4"])  # fmt: skip
    for words in ("Starting", "Continuing", "at step 1 of 2 on 2 x CPU"):
        assert words in out
    newest = tf.train.latest_checkpoint(str(tmp_path / "run" / CHECKPOINTS))
    assert newest.endswith("-2")
    if networks == "whole":
        assert load_model_file(tmp_path / "run" / MODEL)[1].step == 2
