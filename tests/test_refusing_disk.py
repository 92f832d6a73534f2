"""A disk that is full, or a folder without rights, is one sentence from every script, and leaves nothing half done."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from facedancer_tf.training import train_loop
from tests.facedancer_tf.conftest import PICTURES, write_tiny_model
from tests.facedancer_tf.training.small_training import tiny_models
from tests.refusing_disk import refused

SOURCE, TARGET = PICTURES / "grace_hopper.jpg", PICTURES / "barack_obama.jpg"
# A run of one step, whose graphs are small.
RUN = (
    "train.py", "--config", "configs/smoke.yaml", "--steps", "1", "--loss.identity", "0", "--loss.ifsr", "0",
    "--loss.cycle", "0", "--loss.r1", "0",
)  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "tiny.keras"
    write_tiny_model(path)
    return path


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A folder with an evaluation in it, into which nothing more can be written."""
    folder = tmp_path / "closed"
    folder.mkdir()
    (folder / "results.json").write_text('{"about": {}, "systems": {}}')
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)


@pytest.mark.parametrize(
    "command",
    [
        lambda model, folder: ("swap_image.py", SOURCE, TARGET, "--model", model, "-o", folder / "out.png"),
        lambda model, folder: ("swap_image.py", SOURCE, PICTURES, "--model", model, "-o", folder),
        lambda model, folder: ("export_model.py", model, folder / "exported"),
        lambda model, folder: ("import_weights.py", model, "-o", folder / "out.keras"),
        lambda model, folder: ("evaluate.py", "--model", model, "-o", folder),
        lambda model, folder: ("calibrate_margins.py", "--views", PICTURES, "-o", folder / "m.yaml"),
    ],
    ids=["swap", "swap many", "export", "import", "evaluate", "calibrate"],
)  # fmt: skip
def test_a_closed_folder_is_said_before_anything_takes_time(model: Path, closed: Path, command) -> None:
    assert f"the folder {closed} cannot be written: give the right" in refused(*command(model, closed))
    assert [path.name for path in closed.iterdir()] == ["results.json"]


def test_training_says_what_is_closed_to_it(face_shards: Path, closed: Path) -> None:
    command = (*RUN, "--data.folder", face_shards, "--run")
    assert "cannot be made: Permission denied" in refused(*command, closed / "run")
    assert f"the folder {closed} cannot be written" in refused(*command, closed)
    assert [path.name for path in closed.iterdir()] == ["results.json"]


def test_a_name_that_no_disk_takes_is_said(model: Path, face_shards: Path, tmp_path: Path) -> None:
    name = "n" * 300
    for command in (
        ("swap_image.py", SOURCE, TARGET, "--model", model, "-o", tmp_path / f"{name}.png"),
        (*RUN, "--data.folder", face_shards, "--run", tmp_path / name),
        ("export_model.py", model, tmp_path / name),
    ):
        assert "File name too long" in refused(*command)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_ends_a_run(face_shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_loop, "build_models", tiny_models)
    data = Path(shutil.copytree(face_shards, tmp_path / "data"))
    command = (*RUN, "--data.folder", data, "--run", tmp_path / "run")
    sentence = refused(*command, most_bytes=10_000)
    assert "the checkpoint of step 1 cannot be written into" in sentence
    assert "(File too large); the last one is whole: make room" in sentence
    assert list((tmp_path / "run" / "checkpoints").iterdir()) == []


@pytest.mark.parametrize("format_name", ["onnx", pytest.param("saved_model", marks=pytest.mark.slow)])
def test_a_full_disk_leaves_no_half_export(model: Path, tmp_path: Path, format_name: str) -> None:
    command = ("export_model.py", model, tmp_path / "exported", "--format", format_name)
    assert "File too large" in refused(*command, most_bytes=100_000)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_picture_that_was_there(model: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.png"
    output.write_bytes(b"before")
    command = ("swap_image.py", SOURCE, TARGET, "--model", model, "-o", output)
    assert refused(*command, most_bytes=20_000) == f"{output} cannot be written: File too large"
    assert output.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [output]
