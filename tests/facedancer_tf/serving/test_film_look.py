"""Looks at films, and at what is none, in a process of its own."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import clips
from benchmarks.clip_files import write_clip
from data.pictures import write_picture
from facedancer_tf.errors import UserError
from facedancer_tf.serving import film_look
from facedancer_tf.serving.film_look import FilmLook, look_at_film

KINDS = {
    "a.mp4": ".mp4", "a.mov": ".mp4", "a.mkv": ".mp4", "a.webm": ".webm", "a.gif": ".gif", "a.webp": ".webp",
    "a.apng": ".webp",
}  # fmt: skip


@pytest.mark.parametrize(("name", "suffix"), KINDS.items())
def test_a_film_keeps_its_kind_where_browsers_play_it(tmp_path: Path, name: str, suffix: str) -> None:
    write_clip(tmp_path / name, clips.one_face(64, 48, 4).frames(), rate=10)
    look = look_at_film(tmp_path, name)
    assert (look.width, look.height, look.suffix) == (64, 48, suffix)
    assert look.frames in (4, None)


def test_sides_are_those_of_the_film_as_it_is_shown(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.mp4", clips.faces(0, 64, 48, 5).frames(), rate=10, rotation=90)
    assert look_at_film(tmp_path, "a.mp4") == FilmLook(48, 64, 5, 0.5, ".mp4")


def still(path: Path) -> None:
    write_picture(path, np.full((48, 64, 3), 90, np.uint8))


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.bmp"])
def test_a_still_picture_is_told_from_a_film(tmp_path: Path, name: str) -> None:
    still(tmp_path / name)
    with pytest.raises(UserError, match=f"^{name}: is .* picture") as raised:
        look_at_film(tmp_path, name)
    assert raised.value.code == "unreadable"


@pytest.mark.parametrize(
    "content", [b"", b"#EXTM3U\nfile:///etc/passwd", b"\0\0\0\x18ftypmp42" + bytes(range(99))]
)
def test_what_is_no_film_is_one_sentence_without_a_path(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "target").write_bytes(content)
    with pytest.raises(UserError) as raised:
        look_at_film(tmp_path, "target")
    assert raised.value.code == "unreadable"
    assert str(raised.value).startswith("target: is no film")


def test_a_look_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_clip(tmp_path / "a.mp4", clips.faces(0, 64, 48, 4).frames())
    monkeypatch.setattr(film_look, "LIMIT_S", 0.001)
    with pytest.raises(UserError, match=r"^a\.mp4: its first frame cannot be read; convert it to MP4$"):
        look_at_film(tmp_path, "a.mp4")
