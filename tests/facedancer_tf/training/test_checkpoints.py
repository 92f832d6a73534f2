"""Tests which checkpoint a run goes on from: the newest whole one, whatever lies beside it and whatever its name."""

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from data.stream import ORDER_VERSION
from facedancer_tf.errors import UserError
from facedancer_tf.training.checkpoint_files import checkpoint_steps, write_checkpoint
from facedancer_tf.training.checkpoints import RunState


def small_state(folder: Path, keep: int = 2) -> Any:
    """A state of three networks of one layer, with other random weights at every call."""
    networks = {name: keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
                for name in ("generator", "averaged", "discriminator")}  # fmt: skip
    one, other = keras.optimizers.SGD(), keras.optimizers.SGD()
    one.build(networks["generator"].trainable_variables)
    other.build(networks["discriminator"].trainable_variables)
    return RunState(SimpleNamespace(**networks), one, other, folder, keep)  # type: ignore[arg-type]


def saved(folder: Path, *steps: int, keep: int = 9) -> Any:
    """The state that wrote a checkpoint at each of `steps`; its next sample is ten times its step."""
    state = small_state(folder, keep)
    for step in steps:
        state.step.assign(step)
        state.next_sample.assign(10 * step)
        state.save()
    return state


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_order_is_kept_and_1_where_nothing_says_it(tmp_path):
    begun = saved(tmp_path / "now", 3)
    resumed = small_state(tmp_path / "now")
    assert resumed.restore()
    assert int(resumed.order) == ORDER_VERSION == 2
    before = tf.train.Checkpoint(**begun.parts_of_first_order)
    tf.train.CheckpointManager(before, str(tmp_path / "before"), max_to_keep=1).save(3)
    resumed = small_state(tmp_path / "before")
    assert resumed.restore()
    assert int(resumed.order) == 1
    for one, other in zip(resumed.variables(), begun.variables(), strict=True):
        if other is not begun.order:
            np.testing.assert_array_equal(one.numpy(), other.numpy())


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def zeros(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:8] + bytes(16) + content[24:])


@pytest.mark.parametrize("file", ["ckpt-6.index", "ckpt-6.data-00000-of-00001"])
@pytest.mark.parametrize("harm", [cut, zeros, lambda path: path.write_bytes(b""), Path.unlink])
def test_a_damaged_checkpoint_is_named_and_the_run_goes_on_from_the_one_before(
    tmp_path, capsys, file: str, harm: Callable[[Path], Any]
):
    saved(tmp_path, 2, 4, 6)
    harm(tmp_path / file)
    resumed = small_state(tmp_path)
    assert resumed.restore()
    assert (int(resumed.step), int(resumed.next_sample)) == (4, 40)
    assert "ckpt-6 is damaged; going on from ckpt-4" in capsys.readouterr().out
    resumed.step.assign(6)
    resumed.save()  # over the damaged one
    assert small_state(tmp_path).restore()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "content", [b"", b"\xff\0garbage", b'model_checkpoint_path: "/elsewhere/ckpt-9"\n', None]
)
def test_what_tensorflow_notes_beside_them_is_not_believed(tmp_path, content: bytes | None):
    saved(tmp_path, 2, 4)
    (tmp_path / "checkpoint").unlink()
    if content is not None:
        (tmp_path / "checkpoint").write_bytes(content)
    resumed = small_state(tmp_path)
    assert resumed.restore()
    assert int(resumed.step) == 4


def test_without_a_whole_one_nothing_starts_and_nothing_is_touched(tmp_path):
    assert not small_state(tmp_path / "new").restore()
    saved(tmp_path, 2, 4)
    for path in tmp_path.glob("*.index"):
        path.write_bytes(bytes(path.stat().st_size))
    before = files(tmp_path)
    with pytest.raises(UserError, match=r"none of them is whole \(ckpt-4, ckpt-2\)"):
        small_state(tmp_path).restore()
    for path in tmp_path.glob("*.index"):
        path.unlink()
    with pytest.raises(UserError, match="none of them is whole"):
        small_state(tmp_path).restore()
    assert files(tmp_path) == {
        name: content for name, content in before.items() if not name.endswith("index")
    }


def test_a_whole_one_of_other_networks_is_refused(tmp_path):
    saved(tmp_path, 2)
    other = small_state(tmp_path)
    other.checkpoint.more = tf.Variable(0)
    with pytest.raises(UserError, match=r"ckpt-2 does not fit this config"):
        other.restore()


def test_old_ones_go_and_what_is_not_a_checkpoint_of_the_run_stays(tmp_path):
    foreign = ("best.index", "ckpt-1.index.bak", "ckpt-01.index", "notes.txt", "xckpt-1.index")
    for name in foreign:
        (tmp_path / name).write_text("mine")
    saved(tmp_path, 9)
    saved(tmp_path, 1, 2, 3, keep=2)  # the run went back to an older one: what lies ahead stays
    assert checkpoint_steps(tmp_path) == [9, 3, 2]
    assert set(files(tmp_path)) - {"checkpoint"} == {
        *foreign, *(f"ckpt-{step}.{part}" for step in (2, 3, 9) for part in ("index", "data-00000-of-00001"))
    }  # fmt: skip
    assert tf.train.latest_checkpoint(str(tmp_path)) == str(tmp_path / "ckpt-3")


@pytest.mark.parametrize(
    "name", [b"a[b]*?{x}", b"new\nline", b"q\"uo'te\\", b"\xff\xfe", "ü名".encode(), b" %s ~ "]
)
def test_a_run_may_have_any_name(tmp_path, name: bytes):
    folder = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name))) / "checkpoints"
    saved(folder, 1, 2)
    resumed = small_state(folder)
    assert resumed.restore()
    assert int(resumed.step) == 2


def test_a_disk_that_refuses_is_one_sentence(tmp_path):
    (tmp_path / "checkpoints").touch()
    with pytest.raises(UserError, match=r"step 3 cannot be written into .*File exists.*make room"):
        saved(tmp_path / "checkpoints", 3)


@pytest.mark.parametrize(
    ("name", "value"), [("step", 5), ("next_sample", -1), ("next_sample", 2**60), ("order", 3)]
)
def test_a_checkpoint_whose_numbers_cannot_be_is_one_sentence(tmp_path, name: str, value: int):
    state = saved(tmp_path, 3)
    getattr(state, name).assign(value)
    write_checkpoint(state.checkpoint, tmp_path, 4, keep=9)
    with pytest.raises(UserError, match=rf"ckpt-4 must hold step 4.* Received: .*{name}={value}") as error:
        small_state(tmp_path).restore()
    assert "\n" not in str(error.value)
