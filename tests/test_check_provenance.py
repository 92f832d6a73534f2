"""Runs check_provenance.py, once as a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from data.pictures import read_picture
from facedancer_tf.provenance.swapped import Swapped, UsedModel
from facedancer_tf.provenance.writing import own_identity, write_swapped
from tests.scripts_here import run_here

ROOT = Path(__file__).resolve().parents[1]
BARACK = ROOT / "assets" / "pictures" / "barack_obama.jpg"


@pytest.fixture
def swapped(tmp_path, monkeypatch):
    monkeypatch.setenv("FACEDANCER_CACHE", str(tmp_path / "cache"))
    own_identity.cache_clear()
    write_swapped(tmp_path / "swapped.jpg", Swapped(read_picture(BARACK).rgb, [UsedModel("a model")]))
    return tmp_path / "swapped.jpg"


def run_apart(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "check_provenance.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return run_here("check_provenance.py", *arguments)


def test_exit_codes_say_marked_not_marked_and_unreadable(swapped, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    marked, unmarked, unreadable = (
        run_apart(swapped),
        run(swapped, BARACK),
        run(swapped, BARACK, tmp_path / "text.png"),
    )
    assert [ran.returncode for ran in (marked, unmarked, unreadable)] == [0, 1, 2]
    assert "swapped.jpg: marked as synthetic\n  credentials: intact, by a signer that nobody" in marked.stdout
    assert "watermark:   found: a synthetic face, by several models or one without a file" in marked.stdout
    assert f"{BARACK}: not marked\n  credentials: none" in unmarked.stdout
    assert unreadable.stderr == f"error: {tmp_path / 'text.png'}: not a JPEG, PNG, WebP or BMP picture\n"
    assert "not marked" in unreadable.stdout  # the others are told all the same


def test_json_and_trust(swapped, tmp_path):
    ran = run("--json", "--trust", tmp_path / "cache" / "signing.pem", swapped, BARACK)
    first, second = json.loads(ran.stdout)
    assert (first["marked"], first["credentials"]["trusted"], second["marked"]) == (True, True, False)
    assert first["watermark"]["chance"] < 1e-5
    refused = run("--trust", BARACK, swapped)
    assert refused.returncode == 2
    assert refused.stderr == f"error: {BARACK} holds no PEM certificate (it begins with BEGIN CERTIFICATE)\n"
