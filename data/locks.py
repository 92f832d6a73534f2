"""Lets one process at a time work in a place; a lock ends with its process, however that ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


class InUse(Exception):
    """Another process holds the lock."""


@contextmanager
def only_one(lock: Path, wait: bool = False) -> Iterator[None]:
    """Holds the lock on the file `lock`, which is made if need be and stays.

    With `wait` it waits while another process holds it, else it raises InUse. Raises OSError where the file cannot be
    made.
    """
    # A lock that is only a file's existence would outlive a kill.
    holder = FileLock(lock, timeout=-1 if wait else 0, fallback_to_soft=False)
    try:
        holder.acquire()
    except Timeout as error:
        raise InUse(str(lock)) from error
    try:
        yield
    finally:
        holder.release()
