"""No zip file takes more memory than it claims, and what it claims has a bound."""

import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from data.zip_members import DAMAGE, open_zip, read_member

BIG = 32 << 20


def lying(path: Path, method: int = zipfile.ZIP_DEFLATED) -> Path:
    """A zip file whose member claims 100 bytes and unpacks to `BIG` bytes."""
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("a", bytes(BIG))
    content = path.read_bytes()
    assert content.count(struct.pack("<I", BIG)) == 2  # beside the member, and in the list
    path.write_bytes(content.replace(struct.pack("<I", BIG), struct.pack("<I", 100)))
    return path


def test_a_member_is_not_unpacked_beyond_its_claim(tmp_path):
    with open_zip(lying(tmp_path / "a.zip")) as archive:
        tracemalloc.start()
        try:
            with pytest.raises(DAMAGE):
                read_member(archive, archive.getinfo("a"), BIG)
            assert tracemalloc.get_traced_memory()[1] < BIG / 4
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_packings_are_refused(tmp_path, method):
    with (
        open_zip(lying(tmp_path / "a.zip", method)) as archive,
        pytest.raises(ValueError, match="is packed by"),
    ):
        read_member(archive, archive.getinfo("a"), BIG)


def test_a_member_within_the_ceiling_is_read_and_any_larger_is_not(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"a" * 1000)
        archive.writestr("empty", b"")
    with open_zip(tmp_path / "a.zip") as archive:
        assert read_member(archive, archive.getinfo("a"), 1000) == b"a" * 1000
        assert read_member(archive, archive.getinfo("empty"), 0) == b""
        with pytest.raises(ValueError, match="'a' would unpack to 1000 bytes"):
            read_member(archive, archive.getinfo("a"), 999)


def test_a_list_of_members_without_end_is_refused(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"a")
    whole = path.read_bytes()
    at = whole.index(b"PK\5\6")
    path.write_bytes(whole[: at + 12] + struct.pack("<I", 1 << 30) + whole[at + 16 :])
    with pytest.raises(ValueError, match="more members"), open_zip(path):
        pass
    path.write_bytes(whole[:at] + b"PK\6\7" + bytes(16) + whole[at:])
    with pytest.raises(ValueError, match="more members"), open_zip(path):
        pass
    for content in (b"", whole[:at], whole[: at + 21]):
        path.write_bytes(content)
        with pytest.raises(zipfile.BadZipFile), open_zip(path):
            pass
