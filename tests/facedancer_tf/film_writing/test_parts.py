"""A run that was killed, stopped or met a full disk goes on, and its film equals that of a run that was left alone."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from data.locks import only_one
from facedancer_tf.errors import UserError
from facedancer_tf.film_writing.parts import file_identity, folder_of, parts_of
from facedancer_tf.films.film import FilmFacts
from tests.ctrl_c import heed_ctrl_c
from tests.facedancer_tf.film_writing.making_a_film import make
from tests.facedancer_tf.film_writing.small_films import rich_film

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> FilmFacts:
    return rich_film(tmp_path_factory.mktemp("film") / "film.mp4")


@pytest.fixture(scope="module")
def left_alone(facts: FilmFacts, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    output = tmp_path_factory.mktemp("alone") / "out.mp4"
    make(facts.path, output, 0)
    return output.read_bytes()


def process(facts: FilmFacts, output: Path, pause_s: float, most_bytes: int = 0) -> subprocess.Popen[str]:
    values = map(str, (facts.path, output, pause_s, most_bytes))
    command = [sys.executable, "-m", "tests.facedancer_tf.film_writing.making_a_film", *values]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heed_ctrl_c
    )


@pytest.mark.parametrize(("number", "after"), [(signal.SIGKILL, 1), (signal.SIGKILL, 4), (signal.SIGINT, 2)])
def test_a_run_that_was_ended_goes_on(
    facts: FilmFacts, left_alone: bytes, tmp_path: Path, number: int, after: int
) -> None:
    output = tmp_path / "out.mp4"
    run = process(facts, output, 0.5)
    assert run.stdout is not None
    for _ in range(after):
        run.stdout.readline()
    run.send_signal(number)
    run.communicate()
    assert run.returncode == (130 if number == signal.SIGINT else -number)
    assert not output.exists()
    whole = len(list(folder_of(output).glob("0*.mp4")))
    assert whole >= after
    said, _ = process(facts, output, 0).communicate()
    assert "this one goes on where it stood" in said
    assert said.count("segment") == 6 - whole
    assert output.read_bytes() == left_alone
    assert list(tmp_path.iterdir()) == [output]


def test_a_full_disk_is_one_sentence_and_the_run_goes_on(
    facts: FilmFacts, left_alone: bytes, tmp_path: Path
) -> None:
    output = tmp_path / "out.mp4"
    run = process(facts, output, 0, most_bytes=len(left_alone) // 2)  # enough for segments, not for all
    _, said = run.communicate()
    assert run.returncode == 2
    assert said.count("\n") == 1
    assert f"{output} cannot be written: File too large" in said
    run = process(facts, output, 0)
    assert "goes on where it stood" in run.communicate()[0]
    assert output.read_bytes() == left_alone


def test_a_segment_that_does_not_fit_leaves_nothing(facts: FilmFacts, tmp_path: Path) -> None:
    run = process(facts, tmp_path / "out.mp4", 0, most_bytes=2000)
    said = run.communicate()[1]
    assert run.returncode == 2
    assert "cannot be written: File too large" in said
    assert list(tmp_path.iterdir()) == []


def test_other_settings_begin_anew(facts: FilmFacts, tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    with parts_of(output, {"quality": 18}) as parts:
        assert parts.note is None
        parts.segment(0).write_bytes(b"half")
        parts.tracks.write_bytes(b"tracks")
    with parts_of(output, {"quality": 18}) as parts:
        assert "goes on" in str(parts.note)
        assert parts.tracks.exists()
        assert parts.done_segments() == []
    with parts_of(output, {"quality": 20}) as parts:
        assert "begins anew" in str(parts.note)
        assert not parts.tracks.exists()
    assert list(tmp_path.iterdir()) == []


def test_two_runs_never_write_one_film(tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    folder_of(output).mkdir()
    with (
        only_one(folder_of(output) / "lock"),
        pytest.raises(UserError, match="by another process") as caught,
        parts_of(output, {}),
    ):
        pass
    assert caught.value.code == "in_use"


def test_files_are_told_apart(tmp_path: Path) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"a")
    large.write_bytes(bytes(2**25))
    first = [file_identity(small), file_identity(large)]
    small.write_bytes(b"b")
    large.write_bytes(bytes(2**25 - 1) + b"b")
    assert first[0] != file_identity(small)
    assert first[1] != file_identity(large)
    with pytest.raises(UserError, match="cannot be read"):
        file_identity(tmp_path / "none")
