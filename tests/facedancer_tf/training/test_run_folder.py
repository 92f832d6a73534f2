"""Tests who may write into a run folder, and how it is recognised as another run's or as damaged."""

import os
from pathlib import Path

import pytest

from facedancer_tf.errors import UserError
from facedancer_tf.training.run_folder import (
    CHECKPOINTS,
    CONFIG,
    MODEL,
    only_writer,
    refuse_other_run,
    write_config,
)
from tests.facedancer_tf.training.small_training import SMALL, with_settings


def test_a_second_writer_is_refused_until_the_first_is_done(tmp_path):
    run = tmp_path / "run"
    with only_writer(run), pytest.raises(UserError, match=r"another train\.py"), only_writer(run):
        pass
    with only_writer(run):
        assert run.is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be made"), only_writer(tmp_path / "file"):
        pass


def begun(run: Path) -> None:
    """Makes a run folder as a run of SMALL leaves it, as far as `refuse_other_run` looks."""
    (run / CHECKPOINTS).mkdir(parents=True)
    (run / CHECKPOINTS / "ckpt-4.index").touch()
    write_config(with_settings(SMALL, run=run))


def test_a_link_in_the_lock_s_place_is_not_followed(tmp_path):
    (tmp_path / "mine").write_text("mine")
    (tmp_path / ".lock").symlink_to(tmp_path / "mine")
    with (
        pytest.raises(UserError, match="cannot be written: Too many levels of symbolic links"),
        only_writer(tmp_path),
    ):
        pass
    assert (tmp_path / "mine").read_text() == "mine"


def test_another_network_is_refused_and_any_name_can_go_on(tmp_path):
    run = Path(os.fsdecode(os.fsencode(tmp_path) + b"/a[b]*\n\xff"))
    begun(run)
    refuse_other_run(with_settings(SMALL, run=run, steps=9))
    with pytest.raises(UserError, match="other settings of size_px, generator"):
        refuse_other_run(with_settings(SMALL, run=run, size_px=96, generator={"base_filters": 8}))
    with pytest.raises(UserError, match=r"other settings of encoder\.name"):
        refuse_other_run(with_settings(SMALL, run=run, encoder={"name": "arcface_resnet50"}))
    (run / CHECKPOINTS / "ckpt-4.index").rename(run / CHECKPOINTS / "best.index")  # no checkpoint of a run
    refuse_other_run(with_settings(SMALL, run=run, size_px=96))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\0",
        b"[1, 2",
        b"- 3\n",
        b"size_px: 64\n",
        b"encoder:\n",
        b"[" * 100_000,
        b"\0",
        b"a: &a [*a]\n",
    ],
)
def test_a_config_that_says_nothing_is_one_sentence_and_stays(tmp_path, content: bytes):
    run = tmp_path / "run"
    begun(run)
    (run / CONFIG).write_bytes(content)
    with pytest.raises(UserError, match=r"config\.yaml must hold the settings .*remove it to go on") as error:
        refuse_other_run(with_settings(SMALL, run=run))
    assert "\n" not in str(error.value)
    assert (run / CONFIG).read_bytes() == content
    (run / CONFIG).unlink()
    refuse_other_run(with_settings(SMALL, run=run))


def test_what_no_run_made_is_not_replaced(tmp_path):
    config = with_settings(SMALL, run=tmp_path)
    (tmp_path / CONFIG).write_text("site_name: of another program\n")
    with pytest.raises(UserError, match=r"config\.yaml must hold the settings"):
        refuse_other_run(config)
    (tmp_path / CONFIG).unlink()
    (tmp_path / MODEL).touch()
    with pytest.raises(UserError, match=r"model\.keras was not made by a run in this folder"):
        refuse_other_run(config)
    write_config(config)  # a run that was stopped, and whose checkpoints its user removed
    refuse_other_run(config)
