"""Runs swap_video.py, once as a process of its own: its words, its exit codes, and what it refuses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import swap_video
from benchmarks import clips
from benchmarks.clip_files import write_clip
from data.pictures import read_picture
from facedancer_tf.errors import UserError
from facedancer_tf.films.film import read_facts
from facedancer_tf.video.casting import Position, Wish
from tests.facedancer_tf.conftest import write_tiny_model
from tests.scripts_here import run_here

ROOT = Path(__file__).resolve().parents[1]
BARACK = ROOT / "assets" / "pictures" / "barack_obama.jpg"


def run(folder: Path, *arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, str(ROOT / "swap_video.py"), *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=os.environ, capture_output=True, text=True, timeout=240)


def test_a_film_is_listed_and_swapped(tmp_path: Path) -> None:
    write_tiny_model(tmp_path / "tiny.keras")
    write_clip(tmp_path / "clip.mp4", clips.one_face(320, 180, 12).frames(), audio=True)
    listed = run_here("swap_video.py", "clip.mp4", "--list-people", "--model", "tiny.keras", folder=tmp_path)
    assert (listed.returncode, listed.stdout) == (
        0,
        "person 0: 0.5 s, 0:00.0 to 0:00.5\nwritten to people.png\n",
    ), listed.stderr
    assert read_picture(tmp_path / "people.png").rgb.std() > 20
    swapped = run(tmp_path, BARACK, "clip.mp4", "--model", "tiny.keras")
    assert swapped.returncode == 0, swapped.stderr
    assert "swapped: person 0, of 1 in the film" in swapped.stdout
    assert "swapped.mp4 written, 12 frames" in swapped.stdout
    assert read_facts(tmp_path / "swapped.mp4").frames == 12


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["clip.mp4"], "name at least one source picture and the film"),
        (["a.jpg", "clip.mp4", "--swap", "b.jpg", "0"], "not in two ways"),
        (["clip.mp4", "--swap", "b.jpg", "0", "--person", "1"], "--person belongs to source pictures"),
        (["a.jpg", "clip.mp4", "--start", "1:x"], "must be seconds"),
        (["a.jpg", "clip.mp4", "--person", "1,2,x"], "a position is x,y,seconds"),
        (
            ["a.jpg", "clip.mp4", "--person", "1,2"],
            "must be largest, all, a number of --list-people, a picture",
        ),
        (["a.jpg", "clip.mp4", "--certificate", "c.pem"], "belong together"),
    ],
)
def test_a_wrong_command_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], sentence: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["swap_video.py", *arguments])
    with pytest.raises(UserError, match=sentence):
        swap_video.parse_arguments()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["clip.mp4", "--swap", "a.jpg", "1,2,x"], "argument --swap: a position is x,y,seconds"),
        (["clip.mp4", "--swap", "a.jpg", "her"], "argument --swap: must be largest, all"),
        (["a.jpg", "b.jpg"], "b.jpg is a picture: the film comes last, and swap_image.py"),
        (["a.jpg", "one.mp4", "two.mp4"], "one.mp4 is a film: one film is swapped, the last"),
    ],
)
def test_what_stands_in_the_wrong_place_is_told_before_a_file_is_opened(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], sentence: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["swap_video.py", *arguments])
    with pytest.raises(UserError, match=sentence):
        swap_video.main()


def test_sources_and_persons_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def wishes(*arguments: str) -> list[Wish]:
        monkeypatch.setattr(sys, "argv", ["swap_video.py", *arguments])
        return swap_video.read_wishes(swap_video.parse_arguments())

    assert wishes("a.jpg", "b.jpg", "clip.mp4") == [Wish((Path("a.jpg"), Path("b.jpg")), "largest")]
    assert wishes("a.jpg", "clip.mp4", "--person", "her.jpg")[0].whom == Path("her.jpg")
    assert wishes("a.jpg", "clip.mp4", "--person", "10,20.5,3")[0].whom == Position(10, 20.5, 3)
    assert wishes("clip.mp4", "--swap", "a.jpg", "1", "--swap", "b.jpg", "all") == [
        Wish((Path("a.jpg"),), 1),
        Wish((Path("b.jpg"),), "all"),
    ]


@pytest.mark.parametrize(("text", "seconds"), [("12.5", 12.5), ("1:02", 62), ("1:02:03.5", 3723.5)])
def test_times_are_read(text: str, seconds: float) -> None:
    assert swap_video.parse_time(text) == seconds


def test_an_output_that_would_destroy_something_is_refused(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.touch()
    for output, sentence in (
        (film, "is the input"),
        (tmp_path / "no" / "out.mp4", "does not exist; make it first"),
        (tmp_path / "out.txt", "must end in one of"),
    ):
        with pytest.raises(UserError, match=sentence):
            swap_video.output_path(output, "swapped.mp4", (".mp4",), [film])


def test_the_picture_of_a_person_is_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    her, film = tmp_path / "her.webp", tmp_path / "film.mp4"
    her.touch()
    film.touch()
    command = ["swap_video.py", str(BARACK), str(film), "--person", str(her), "-o", str(her)]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(UserError, match=r"her\.webp is the input"):
        swap_video.main()
