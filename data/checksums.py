"""Reads files that the project carries, each checked against the SHA256SUMS beside it."""

import hashlib
from pathlib import Path

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
    """Reads `folder`/SHA256SUMS, as `sha256sum` writes it: the SHA-256 of each file, by name. Raises OSError."""
    lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    pairs = (line.split(maxsplit=1) for line in lines if line.strip())
    return {name.lstrip("*"): digest for digest, name in pairs}
