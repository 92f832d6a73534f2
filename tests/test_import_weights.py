"""Runs import_weights.py: it turns a checkpoint into a model file that swaps; a refusal is one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.facedancer_tf.conftest import PICTURES, write_tiny_encoder
from tests.legacy import layouts
from tests.scripts_here import run_here

ROOT = Path(__file__).resolve().parents[1]
LAYOUTS = ROOT / "tests" / "legacy" / "h5"


def run_apart(script: str, folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "FACEDANCER_CACHE": str(folder / "cache"), "HOME": str(folder.parent)}
    command = [sys.executable, str(ROOT / script), *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240)


def run(script: str, folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    places = {"FACEDANCER_CACHE": str(folder / "cache"), "HOME": str(folder.parent)}
    return run_here(script, *arguments, folder=folder, **places)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    layouts.write(layouts.load(LAYOUTS / "default.layout.json.gz"), tmp_path / "released.h5")
    return tmp_path / "released.h5"


def test_a_released_checkpoint_is_imported_by_name_and_swaps(tmp_path: Path, checkpoint: Path) -> None:
    write_tiny_encoder(tmp_path / "cache" / "arcface_resnet50.keras")
    done = run_apart("import_weights.py", tmp_path, checkpoint, "--as", "facedancer_c_hq")
    assert done.returncode == 0, done.stderr
    assert (
        "FaceDancer generator, 64 px, 4 filters, no_skip, no_skip, affa, affa, affa, concat; mapping 2 x 16"
        in (done.stdout)
    )
    assert (tmp_path / "cache" / "facedancer_c_hq.keras").is_file()
    listed = run("import_weights.py", tmp_path, "--list").stdout
    assert [line.split()[:3] for line in listed.splitlines()[:2]] == [
        ["default", "generator", "here"],
        ["sface", "encoder", "here"],
    ]
    assert [line.split()[2] for line in listed.splitlines() if line.startswith("facedancer_c_hq")] == ["here"]
    pictures = (PICTURES / "grace_hopper.jpg", PICTURES / "barack_obama.jpg")
    swapped = run("swap_image.py", tmp_path, *pictures, "--model", "facedancer_c_hq", "-o", "swapped.png")
    # The encoder file is a substitute, not the network of its recipe: the script notices this and writes nothing.
    assert swapped.returncode == 2
    assert "arcface_resnet50.keras is not a whole encoder file" in swapped.stderr
    assert not (tmp_path / "swapped.png").exists()


def test_refusals_are_one_line_and_leave_nothing(tmp_path: Path, checkpoint: Path) -> None:
    (tmp_path / "text.h5").write_text("no weights")
    refusals: list[tuple[list[object], str]] = [
        (["none.h5", "-o", "out.keras"], "there is no file none.h5"),
        (["text.h5", "-o", "out.keras"], "text.h5 cannot be imported"),
        ([checkpoint], "say where to"),
        ([checkpoint, "-o", "out.h5"], "must end in .keras"),
        ([checkpoint, "-o", "none/out.keras"], "the output folder none does not exist"),
        ([checkpoint, "--as", "../out"], "a name is made of letters"),
        ([], "name either a file or --download NAME"),
        (["--download", "facedancer_c_hq"], "cannot be downloaded without its makers' leave"),
        (
            [checkpoint, "-o", "out.keras", "--encoder", "sface"],
            "identities of 512, but the encoder sface gives 128",
        ),
    ]
    for arguments, says in refusals:
        done = run("import_weights.py", tmp_path, *arguments)
        assert done.returncode == 2, done
        assert says in done.stderr, arguments
        assert len(done.stderr.splitlines()) == 1, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["released.h5", "text.h5"]


def test_a_raw_checkpoint_given_as_a_model_says_how_to_import_it(tmp_path: Path, checkpoint: Path) -> None:
    pictures = (PICTURES / "grace_hopper.jpg", PICTURES / "barack_obama.jpg")
    done = run("swap_image.py", tmp_path, *pictures, "--model", checkpoint)
    assert done.returncode == 2
    assert f"python import_weights.py {checkpoint} -o released.keras" in done.stderr
