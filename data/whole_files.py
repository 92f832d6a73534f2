"""Writes files that exist whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: Path, durable: bool = False) -> Iterator[BinaryIO]:
    """Opens a file to write, which takes the place of `path` when the block ends well and is deleted when it does not.

    Until then it lies beside `path`. With `durable` it is flushed to the disk before it takes its place. Raises OSError
    where the folder cannot be written.
    """
    handle, beside = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)  # opened again by name, which a writer other than Python's needs
    try:
        with open(beside, "wb") as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.chmod(beside, 0o666 & ~_umask())  # mkstemp makes private files; this one gets the usual rights
        os.replace(beside, path)
    except BaseException:  # whatever ends the block, even Ctrl-C: no half-written file stays
        os.unlink(beside)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
