"""One holder at a time; a kill frees the lock."""

import subprocess
import sys
from pathlib import Path

import pytest

from data.locks import InUse, only_one

ROOT = Path(__file__).resolve().parents[2]


def test_a_second_holder_is_refused_until_the_first_is_done(tmp_path):
    with only_one(tmp_path / "lock"), pytest.raises(InUse), only_one(tmp_path / "lock"):
        pass
    with only_one(tmp_path / "lock", wait=True):
        assert (tmp_path / "lock").is_file()


def test_a_kill_frees_the_lock(tmp_path):
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom data.locks import only_one\n"
        "with only_one(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "lock")]
    holder = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(InUse), only_one(tmp_path / "lock"):
        pass
    holder.kill()
    holder.wait()
    with only_one(tmp_path / "lock"):
        pass


def test_where_no_lock_can_be_made_is_an_error_of_the_disk(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"), only_one(tmp_path / "file" / "lock"):
        pass


def test_a_link_in_the_lock_s_place_is_not_followed(tmp_path):
    (tmp_path / "mine").write_text("mine")
    for target in ("mine", "not there yet"):
        (tmp_path / "lock").unlink(missing_ok=True)
        (tmp_path / "lock").symlink_to(tmp_path / target)
        with pytest.raises(OSError, match="symbolic links"), only_one(tmp_path / "lock", wait=True):
            pass
    assert (tmp_path / "mine").read_text() == "mine"
    assert not (tmp_path / "not there yet").exists()
