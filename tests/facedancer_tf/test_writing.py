"""Files are written whole or not at all; a disk that refuses gives an error of one sentence."""

import stat
from pathlib import Path

import pytest

from data.whole_files import whole_file
from facedancer_tf.errors import UserError
from facedancer_tf.writing import make_folder, write_text


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
