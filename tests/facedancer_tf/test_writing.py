"""Files are written whole or not at all; a disk that refuses gives an error of one sentence."""

import stat
from pathlib import Path

import pytest

from data.whole_files import whole_file
from facedancer_tf.errors import UserError
from facedancer_tf.writing import files_together, make_folder, write_text


def test_text_is_written_as_it_is(tmp_path):
    write_text(tmp_path / "a.csv", "ä\r\nb\n\udcff")
    assert (tmp_path / "a.csv").read_bytes() == "ä\r\nb\n".encode() + b"\\udcff"
    (tmp_path / "b.csv").touch()
    assert stat.S_IMODE((tmp_path / "a.csv").stat().st_mode) == stat.S_IMODE(
        (tmp_path / "b.csv").stat().st_mode
    )


def write_half(path: Path, durable: bool, end: type[BaseException]) -> None:
    with whole_file(path, durable) as file:
        file.write(b"ne")
        raise end


@pytest.mark.parametrize("durable", [False, True])
@pytest.mark.parametrize("end", [KeyboardInterrupt, ValueError])
def test_what_was_there_stays_until_the_new_file_is_whole(tmp_path, end, durable):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(end):
        write_half(path, durable, end)
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "old"
    with whole_file(path, durable) as file:
        file.write(b"new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_where_nothing_can_be_written_is_said(tmp_path):
    with pytest.raises(UserError, match=r"nowhere/a\.txt cannot be written: No such file or directory"):
        write_text(tmp_path / "nowhere" / "a.txt", "text")
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"file/folder cannot be made: Not a directory"):
        make_folder(tmp_path / "file" / "folder")


def write_three(folder: Path, text: str, full: bool = False) -> None:
    with files_together(folder) as files:
        (files / "pictures").mkdir()
        for number, name in enumerate(("a.csv", "b.json", "pictures/c.jpg")):
            if full and number == 2:
                raise UserError("no space left")
            write_text(files / name, text)


def test_files_that_belong_together_change_together_or_not_at_all(tmp_path):
    folder = tmp_path / "deep" / "out"
    write_three(folder, "old")
    (folder / "pictures" / "mine.jpg").write_text("mine")
    with pytest.raises(UserError, match="no space left"):
        write_three(folder, "new", full=True)
    names = ("a.csv", "b.json", "pictures/c.jpg")
    assert [(folder / name).read_text() for name in names] == ["old"] * 3
    write_three(folder, "new")
    assert [(folder / name).read_text() for name in names] == ["new"] * 3
    assert (folder / "pictures" / "mine.jpg").read_text() == "mine"
    assert sorted(path.name for path in folder.iterdir()) == ["a.csv", "b.json", "pictures"]
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be made"):
        write_three(tmp_path / "file", "new")
