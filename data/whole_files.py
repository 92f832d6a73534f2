"""Writes files that exist whole or not at all, and clears what a kill has left of them."""

import contextlib
import hashlib
import os
import re
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from shutil import rmtree
from typing import BinaryIO

_UNFINISHED = re.compile(r"\..*\.unfinished-([0-9a-f]{8})-([0-9]+)-[0-9a-f]{8}(\.[^.]*)?")


@contextmanager
def whole_file(path: Path, durable: bool = False, private: bool = False) -> Iterator[BinaryIO]:
    """Opens a file to write, which takes the place of `path` when the block ends well and is deleted when it does not.

    Until then it lies beside `path`. With `durable` it is flushed to the disk before it takes its place; with `private`
    only its owner may ever read it. Raises OSError where the folder cannot be written.
    """
    with (
        whole_path(path) as beside,
        open(str(beside), "xb", opener=_private if private else None) as file,
    ):  # TensorFlow wants `file.name` as a text
        yield file
        if durable:
            file.flush()
            os.fsync(file.fileno())


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


@contextmanager
def whole_path(path: Path) -> Iterator[Path]:
    """A name beside `path` for a file or folder, which takes its place when the block ends well; see `passing_path`."""
    with passing_path(path) as beside:
        yield beside
        os.replace(beside, path)


@contextmanager
def passing_path(path: Path) -> Iterator[Path]:
    """A name beside `path` and with its suffix, which no other writer has, for a file or folder of this block only.

    What has that name is deleted when the block ends. If the process is killed, the next one that writes into the same
    folder deletes it.
    """
    _clear(path.parent)
    owner = f"{_machine()}-{os.getpid()}-{secrets.token_hex(4)}"
    beside = path.with_name(f".{path.stem[:40]}.unfinished-{owner}{path.suffix}")
    try:
        yield beside
    finally:  # whatever ends the block, even Ctrl-C: nothing half-written stays
        _remove(beside)


def is_unfinished(path: Path) -> bool:
    """Whether `path` has a name that only unfinished files and folders have."""
    return bool(_UNFINISHED.fullmatch(path.name))


@cache
def _clear(folder: Path) -> None:
    """Deletes the unfinished files and folders in `folder` whose processes were of this machine and live no more."""
    with contextlib.suppress(OSError):  # where the folder is not to be listed, writing into it says so
        for path in folder.iterdir():
            match = _UNFINISHED.fullmatch(path.name)
            if match and match[1] == _machine() and not _lives(int(match[2])):
                _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@cache
def _machine() -> str:
    """Names the machine, or the container on it, within which a number says which process is meant."""
    with contextlib.suppress(OSError):
        space = os.readlink("/proc/self/ns/pid")
        return hashlib.sha256(f"{socket.gethostname()} {space}".encode()).hexdigest()[:8]
    return "0" * 8


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # a process of another user
        return True
    return True
