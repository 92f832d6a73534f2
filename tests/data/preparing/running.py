"""Runs prepare_data.py as a process of its own or, which is quicker, within the test's process."""

import filecmp
import subprocess
import sys
from pathlib import Path

from tests.scripts_here import run_here

ROOT = Path(__file__).resolve().parents[3]
FIXED = ["--size-px", "64", "--min-face-px", "24", "--seed", "3", "--validation", "0.3"]


def command(*arguments: object) -> list[str]:
    return [sys.executable, str(ROOT / "prepare_data.py"), *map(str, arguments)]


def prepare(*arguments: object) -> tuple[int, str]:
    """Exit code and output of a real process."""
    done = subprocess.run(command(*arguments), capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def prepare_here(*arguments: object) -> tuple[int, str]:
    """The same within this process, which saves importing TensorFlow anew."""
    done = run_here("prepare_data.py", *arguments)
    return done.returncode, done.stdout + done.stderr


def shard_files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.tfrecord"))


def assert_same_shards(one: Path, other: Path) -> None:
    assert shard_files(one) == shard_files(other) != []
    _, different, missing = filecmp.cmpfiles(one, other, shard_files(one), shallow=False)
    assert (different, missing) == ([], [])
