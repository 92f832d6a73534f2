"""Some damaged files of every kind are read or refused in one sentence, and the trial sees every fault."""

import bz2
import random
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest

from benchmarks.hostile import child, trial
from benchmarks.hostile.bytes import damage
from benchmarks.hostile.claims import KINDS_OF_PNG, zeros_png
from benchmarks.hostile.kind import Kind
from benchmarks.hostile.values import damaged_json, damaged_text
from benchmarks.hostile.zips import BZIP2, DEFLATED, LZMA, STORED, bomb, damaged_zip, member, write_zip
from data.pictures import read_picture
from facedancer_tf.errors import UserError

COUNTS = dict.fromkeys(child.KINDS, 12) | {
    "pictures": 200,
    "films": 24,
    "zips": 24,
    "people": 24,
    "tables": 100,
}


@pytest.fixture(scope="module")
def one_child() -> Iterator[trial.Child]:
    with closing(trial.Child(seed=1, keep=None)) as process:
        yield process


@pytest.mark.parametrize("kind", child.KINDS)
def test_damaged_files_are_read_or_refused_in_one_sentence(kind: str, one_child: trial.Child) -> None:
    cases = [one_child.case(kind, number) for number in range(COUNTS[kind])]
    assert [case for case in cases if case.outcome not in trial.FINE] == []


CHILD = """
import os, signal, sys
for line in sys.stdin:
    if line == "x 1\\n":
        os.kill(os.getpid(), signal.SIGSEGV)
    while line == "x 2\\n":
        pass
    print("ready" if line == "x sound\\n" else '{"outcome": "read", "said": "", "mb": 0}', flush=True)
"""


def test_a_crash_and_a_hang_are_seen_kept_and_outlived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "child.py").write_text(CHILD)
    monkeypatch.setattr(trial, "COMMAND", (sys.executable, str(tmp_path / "child.py")))
    monkeypatch.setattr(trial, "CASE_S", 0.5)
    cases = trial.cases("x", range(4), seed=0, children=1, keep=tmp_path / "kept")
    assert [case.outcome for case in cases] == ["read", "CRASH", "HANG", "read"]
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == ["x-0-1", "x-0-2"]


@pytest.mark.parametrize(
    ("error", "grown_mb", "outcome"),
    [
        (None, 0, "read"),
        (None, child.MEMORY_MB + 1, "MEMORY"),
        (UserError("it is damaged"), 0, "refused"),
        (UserError(""), 0, "WORDS"),
        (UserError("two\nlines"), 0, "WORDS"),
        (UserError("a" * 20_000), 0, "WORDS"),
        (KeyError("x"), 0, "ESCAPED"),
        (SystemExit(2), 0, "ESCAPED"),
        (UnicodeError("of the kind of ValueError, but no sentence of ours"), 0, "ESCAPED"),
        (MemoryError(), 0, "MEMORY"),
    ],
)
def test_the_judgement(error: BaseException | None, grown_mb: int, outcome: str) -> None:
    kind = Kind(lambda folder: [], lambda folder, chance: folder, lambda path: None, (UserError, ValueError))
    assert child.judged(kind, error, grown_mb)[0] == outcome


def test_memory_that_was_refused_is_seen_behind_a_sentence() -> None:
    kind = Kind(lambda folder: [], lambda folder, chance: folder, lambda path: None, (UserError,))
    error = UserError("needs more memory than there is")
    error.__cause__ = MemoryError()
    assert child.judged(kind, error, 0)[0] == "MEMORY"


def test_zip_files_hold_what_they_say_and_bombs_unpack_to_their_size() -> None:
    content = {"a.txt": b"a" * 1000, "b.txt": bytes(range(256))}
    for method in (STORED, DEFLATED, BZIP2, LZMA):
        whole = write_zip([member(name, inner, method) for name, inner in content.items()])
        with zipfile.ZipFile(BytesIO(whole)) as archive:
            assert {name: archive.read(name) for name in archive.namelist()} == content
    assert zlib.decompress(bomb(DEFLATED, 1 << 26), -15) == bytes(1 << 26)
    assert bz2.decompress(bomb(BZIP2, 1 << 26)) == bytes(1 << 26)


def test_pictures_that_claim_many_pixels_have_them(tmp_path: Path) -> None:
    for colour, depth in KINDS_OF_PNG:
        (tmp_path / "a.png").write_bytes(zeros_png(1001, 37, colour, depth))
        assert read_picture(tmp_path / "a.png").rgb.shape == (37, 1001, 3)


def test_the_same_seed_gives_the_same_file() -> None:
    value = {"a": [1, {"b": "c"}], "d": None}
    for make in (
        lambda chance: damaged_json(value, chance),
        lambda chance: damaged_text("a, b\nc: d\n", chance),
        lambda chance: damaged_zip({"a": b"b", "c": b"d"}, chance),
        lambda chance: damage(b"abc" * 99, b"def", chance, (b"bca",)),
    ):
        made = [make(random.Random(f"0 {number}")) for number in range(20)]
        assert made == [make(random.Random(f"0 {number}")) for number in range(20)]
        assert len(set(made)) > 10
    assert value == {"a": [1, {"b": "c"}], "d": None}
