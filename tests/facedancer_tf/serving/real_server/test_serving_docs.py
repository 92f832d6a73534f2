"""docs/serving.md against the real serve.py: its commands and its program run, and its limits are the server's."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from benchmarks.clip_files import write_clip
from benchmarks.clips import one_face
from benchmarks.running_server import RunningServer
from facedancer_tf.provenance.checking import check
from facedancer_tf.serving.settings import ServingLimits

PAGE = (Path(__file__).parents[4] / "docs" / "serving.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8008"


def blocks(language: str) -> list[str]:
    """The page's code of one language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def folder(pictures: dict[str, Path], tmp_path: Path) -> Path:
    """A folder with the files that the page's commands name."""
    for name, kind in (("me", "source"), ("me1", "source"), ("me2", "source"), ("photo", "two faces")):
        shutil.copy(pictures[kind], tmp_path / f"{name}.jpg")
    write_clip(tmp_path / "clip.mp4", one_face(160, 120, 4).frames())
    return tmp_path


def test_the_commands_run(server: RunningServer, folder: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl on this machine")
    commands = [block for block in blocks("bash") if "curl" in block]
    assert len(commands) == 2
    for command in commands:
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command.replace(ADDRESS, server.address)],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
    assert all(check(folder / name).is_marked for name in ("swapped.png", "swapped.webp", "swapped.mp4"))


def test_the_program_runs(server: RunningServer, folder: Path) -> None:
    (program,) = blocks("python")
    ran = subprocess.run(
        [sys.executable, "-c", program.replace(ADDRESS, server.address)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("likeness to the source: 0.")
    assert check(folder / "swapped.png").is_marked


def test_the_limits_are_those_of_the_server() -> None:
    table = dict(re.findall(r"^\| `(\w+)` \| ([\d,]+) \|", PAGE, re.MULTILINE))
    assert {name: int(value.replace(",", "")) for name, value in table.items()} == vars(ServingLimits())


def test_the_numbers_for_prometheus_are_there(client: httpx.Client) -> None:
    names = re.findall(r"^\| `(facedancer_\w+)` \|", PAGE, re.MULTILINE)
    assert len(names) >= 3
    numbers = client.get("/metrics").text
    assert [name for name in names if name not in numbers] == []


def test_every_route_of_the_description_is_on_the_page(client: httpx.Client) -> None:
    for path in client.get("/openapi.json").json()["paths"]:
        assert path.split("{")[0] in PAGE, path
