"""The Python of docs/in-your-own-code.md, run as one program from another folder; the marks of the pages' pictures."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from facedancer_tf.provenance.checking import check

ROOT = Path(__file__).resolve().parents[1]


def test_what_the_commands_of_the_pages_write_is_ignored_by_git():
    if not (ROOT / ".git").exists():
        pytest.skip("no checkout")
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    outputs = {
        name
        for page in pages
        for line in re.findall(
            r"^\s*(?:bash .*&& )?(?:\S*python) .*$", page.read_text(encoding="utf-8"), re.MULTILINE
        )
        for name in re.findall(r"(?:-o|--output|--plot|--as) (\S+)", line)
        if not name.startswith("docs/")
    }
    assert len(outputs) > 5
    listed = subprocess.run(["git", "check-ignore", *outputs], cwd=ROOT, capture_output=True, text=True)
    assert outputs - set(listed.stdout.split()) <= {"facedancer_c_hq"}  # a name in the cache


def test_the_code_of_the_page_runs_and_prints_no_noise(tmp_path):
    page = (ROOT / "docs" / "in-your-own-code.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL))
    (tmp_path / "program.py").write_text(code)
    (tmp_path / "assets").symlink_to(ROOT / "assets")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "program.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "no_face source picture 1: no face was found" in ran.stdout
    assert (tmp_path / "swapped.png").is_file()
    assert (tmp_path / "my_encoder.keras").is_file()


def test_pictures_of_swapped_faces_are_marked_in_every_layer():
    everything = [path for kind in ("jpg", "gif", "webp") for path in ROOT.glob(f"docs/**/*.{kind}")]
    untouched = re.compile("source|target|photograph")
    pictures = [path for path in everything if not untouched.search(path.name)]
    assert len(pictures) >= 10
    for path in pictures:
        marks = check(path)
        assert marks.credentials is not None, path
        assert marks.credentials.valid, path
        assert marks.metadata == "compositeWithTrainedAlgorithmicMedia", path
        assert marks.watermark is not None, path


def test_every_test_that_the_page_of_failures_names_is_there() -> None:
    tests = list((ROOT / "tests").rglob("test_*.py"))
    texts = [path.read_text(encoding="utf-8") for path in tests]
    functions = {name for text in texts for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)}
    named = re.findall(
        r"`((?:\w+/)*test_\w+(?:\.py)?)`", (ROOT / "docs/failures.md").read_text(encoding="utf-8")
    )
    assert len(named) > 50
    for name in named:
        if name.endswith(".py"):
            assert sum(path.as_posix().endswith(f"/{name}") for path in tests) == 1, name
        else:
            assert name in functions, name
