"""Files that the project carries are read only as they were shipped."""

import hashlib

import pytest

from data.checksums import Damaged, file_sha256, read_checked, read_sums, write_sums


def test_a_file_is_read_only_as_its_sum_says(tmp_path):
    (tmp_path / "a b.bin").write_bytes(b"content")
    digest = hashlib.sha256(b"content").hexdigest()
    for line in (f"{digest}  a b.bin\n\n", f"{digest} *a b.bin\n"):  # sha256sum's text and binary mode
        (tmp_path / "SHA256SUMS").write_text(line)
        assert read_sums(tmp_path) == {"a b.bin": digest}
        assert read_checked(tmp_path / "a b.bin") == b"content"
    (tmp_path / "a b.bin").write_bytes(b"another")
    with pytest.raises(Damaged, match=r"a b\.bin is not the file that SHA256SUMS names"):
        read_checked(tmp_path / "a b.bin")
    (tmp_path / "new.bin").write_bytes(b"content")
    with pytest.raises(Damaged):
        read_checked(tmp_path / "new.bin")
    (tmp_path / "SHA256SUMS").unlink()
    with pytest.raises(FileNotFoundError):
        read_checked(tmp_path / "new.bin")


def test_sums_are_read_as_they_were_written(tmp_path):
    (tmp_path / "a b.bin").write_bytes(b"content")
    sums = {"z": "0" * 64, "a b.bin": file_sha256(tmp_path / "a b.bin")}
    write_sums(tmp_path, sums)
    assert read_sums(tmp_path) == sums
    assert read_checked(tmp_path / "a b.bin") == b"content"
    (tmp_path / "SHA256SUMS").write_text("nothing\n")
    with pytest.raises(ValueError, match="unpack"):
        read_sums(tmp_path)
