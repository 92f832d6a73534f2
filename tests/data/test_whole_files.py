"""What takes a file's place does so whole, under a name of its own until then, and a kill leaves nothing for ever."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

from data import whole_files
from data.whole_files import passing_path, whole_file, whole_path

ROOT = Path(__file__).resolve().parents[2]


def killed_while_writing(path: Path) -> None:
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom data.whole_files import whole_file\n"
        "with whole_file(Path(sys.argv[1])) as file:\n    os.kill(os.getpid(), signal.SIGKILL)"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, timeout=60)
    assert ran.returncode == -signal.SIGKILL


def test_two_writers_of_one_file_do_not_mix(tmp_path):
    path = tmp_path / "a.txt"
    with whole_file(path) as one, whole_file(path) as other:
        one.write(b"one")
        other.write(b"other")
        assert len(list(tmp_path.iterdir())) == 2
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def test_the_next_process_clears_what_a_kill_has_left_and_nothing_else(tmp_path):
    killed_while_writing(tmp_path / "a.txt")
    (left,) = tmp_path.iterdir()
    others = [tmp_path / ".a.txt", tmp_path / ".a.unfinished-mine.txt", tmp_path / left.name[1:]]
    for other in others:
        other.touch()
    number = left.name.split("-")[2]
    (tmp_path / left.name.replace(f"-{number}-", f"-{os.getpid()}-")).touch()  # at work
    (tmp_path / left.name.replace(left.name.split("-")[1], "00000000")).touch()  # on another machine
    whole_files._clear.cache_clear()
    with whole_file(tmp_path / "b.txt") as file:
        file.write(b"b")
    assert not left.exists()
    assert len(list(tmp_path.iterdir())) == len(others) + 3
    assert all(other.exists() for other in others)


def test_a_folder_takes_its_place_whole(tmp_path):
    with whole_path(tmp_path / "out") as beside:
        beside.mkdir()
        (beside / "a").touch()
        assert not (tmp_path / "out").exists()
    assert (tmp_path / "out" / "a").is_file()
    (tmp_path / "plain").mkdir()
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == stat.S_IMODE(
        (tmp_path / "plain").stat().st_mode
    )
    with passing_path(tmp_path / "no") as beside:
        beside.mkdir()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "plain"]


def test_the_umask_of_the_program_is_kept(tmp_path):
    before = os.umask(0o027)
    try:
        with whole_file(tmp_path / "a.txt") as file:
            file.write(b"a")
    finally:
        assert os.umask(before) == 0o027
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o640


def test_long_names_are_written_too(tmp_path):
    path = tmp_path / ("ä" * 120 + ".txt")
    with whole_file(path) as file:
        file.write(b"a")
    assert path.read_bytes() == b"a"


def test_a_link_in_a_file_s_place_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "a.txt").symlink_to(tmp_path / "mine")
    with whole_file(tmp_path / "a.txt") as file:
        file.write(b"a")
    assert (tmp_path / "mine").read_text() == "mine"
    assert not (tmp_path / "a.txt").is_symlink()
    assert (tmp_path / "a.txt").read_bytes() == b"a"
