"""setup.sh with a substitute for Python that records its commands: nothing is installed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# answers `-c '…print…'` with its own path, copies itself for `-m venv FOLDER`, writes `-m pip …` into the file calls
PYTHON = """#!/bin/bash
case "$1 $2" in
  "-c "*print*) echo "$0" ;;
  "-m venv") mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  "-m pip") echo "${@:3}" >>"$CALLS" ;;
esac
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "clone"
    folder.mkdir()
    shutil.copy(ROOT / "setup.sh", folder)
    for part in ("", "-dev", "-synthetic"):
        (folder / f"requirements{part}.txt").touch()
    (tmp_path / "python").write_text(PYTHON)
    (tmp_path / "python").chmod(0o755)
    return folder


def setup(clone: Path, *parts: str) -> tuple[int, str, list[str]]:
    """Runs setup.sh; returns exit code, stderr, and the installations that it asked pip for."""
    calls = clone.parent / "calls"
    calls.write_text("")
    environment = {**os.environ, "PYTHON": str(clone.parent / "python"), "CALLS": str(calls)}
    command = ["bash", "setup.sh", *parts]
    ran = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, timeout=60)
    return ran.returncode, ran.stderr, [line for line in calls.read_text().splitlines() if "install" in line]


def test_synthetic_packages_come_without_their_dependencies_and_nothing_else_does(clone: Path) -> None:
    code, errors, installs = setup(clone, "dev", "synthetic")
    assert (code, errors) == (0, "")
    assert ["-r requirements.txt -r requirements-dev.txt" in line for line in installs] == [True, False]
    assert ["--no-deps" in line for line in installs] == [False, True]
    assert installs[1].endswith("-r requirements-synthetic.txt")
    assert setup(clone, "dev", "synthetic")[2] == []  # ready


def test_an_environment_of_somebody_else_is_left_alone(clone: Path) -> None:
    (clone / ".venv" / "bin").mkdir(parents=True)
    (clone / ".venv" / "bin" / "mine").touch()
    code, errors, installs = setup(clone)
    assert (code, installs) == (2, [])
    assert "was not made by setup.sh" in errors
    assert errors.count("\n") == 1
    assert (clone / ".venv" / "bin" / "mine").exists()


def test_an_empty_or_unfinished_or_moved_environment_is_made_anew(clone: Path) -> None:
    (clone / ".venv").mkdir()
    assert setup(clone)[0] == 0
    for made_in in ("", "/another/place\n"):
        (clone / ".venv" / "made-in").write_text(made_in)
        (clone / ".venv" / "stale").touch()
        assert setup(clone, "dev")[0] == 0
        assert not (clone / ".venv" / "stale").exists()
        assert (clone / ".venv" / "made-in").read_text() == f"{clone}\n"
        for stamp in (clone / ".venv").glob("installed-*"):
            stamp.unlink()
