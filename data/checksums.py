"""Compares files with the SHA256SUMS beside them: those that the project carries, and those that it makes and keeps."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from data.whole_files import whole_file

SUMS = "SHA256SUMS"


class Damaged(ValueError):
    """A file is not the one that SHA256SUMS names; the message says which."""


def read_checked(path: Path) -> bytes:
    """Reads `path`. Raises OSError where it or its SHA256SUMS cannot be read, and Damaged where they differ."""
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != read_sums(path.parent).get(path.name):
        raise Damaged(f"{path} is not the file that {SUMS} names")
    return content


def read_sums(folder: Path) -> dict[str, str]:
    """Reads `folder`/SHA256SUMS, as `sha256sum` writes it: the SHA-256 of each file, by name.

    Raises OSError where it cannot be read, and ValueError where it is no such list.
    """
    lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    pairs = (line.split(maxsplit=1) for line in lines if line.strip())
    return {name.lstrip("*"): digest for digest, name in pairs}


def write_sums(folder: Path, sums: Mapping[str, str]) -> None:
    """Writes `folder`/SHA256SUMS; raises OSError where that is impossible."""
    with whole_file(folder / SUMS) as file:
        file.write("".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items())).encode())


def file_sha256(path: Path) -> str:
    """Computes the SHA-256 of a file's content, in hexadecimal, without holding it in memory. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
