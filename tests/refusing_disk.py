"""Runs scripts as a user whom the disk refuses: without rights to closed folders, or with no room for large files."""

import ctypes
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

from tests.scripts_here import run_here

_VERSION_3 = 0x20080522  # of capget and capset
_SET_SECUREBITS, _EFFECTIVE_IS_WHAT_COUNTS = 28, 1 << 2  # of prctl; SECBIT_NO_SETUID_FIXUP
_OVERRIDES = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: root passes every door with these
_LIBC = ctypes.CDLL(None, use_errno=True)


def refused(*arguments: object, most_bytes: int = 0) -> str:
    """Runs a script here, whose files may have `most_bytes` (0: any number); returns the one sentence that ends it."""
    with _as_a_plain_user(), _files_of(most_bytes):
        ran = run_here(*map(str, arguments))
    lines = ran.stderr.replace("\r", "\n").splitlines()
    assert ran.returncode == 2, ran.stderr
    (sentence,) = [line for line in lines if line.startswith("error: ")]
    assert lines[-1] == sentence
    assert "Traceback" not in ran.stderr
    return sentence.removeprefix("error: ")


@contextmanager
def _as_a_plain_user() -> Iterator[None]:
    """Takes root's passes from this thread for a while; they stay permitted, so that they can be taken up again."""
    header, sets = (
        (ctypes.c_uint32 * 2)(_VERSION_3, 0),
        (ctypes.c_uint32 * 6)(),
    )  # effective, permitted, …; twice
    _require(_LIBC.capget(header, sets))
    before = sets[0]
    if not before & _OVERRIDES:
        yield
        return
    _require(_LIBC.prctl(_SET_SECUREBITS, _EFFECTIVE_IS_WHAT_COUNTS, 0, 0, 0))  # for access(2) too
    sets[0] = before & ~_OVERRIDES
    _require(_LIBC.capset(header, sets))
    try:
        yield
    finally:
        sets[0] = before
        _require(_LIBC.capset(header, sets))
        _require(_LIBC.prctl(_SET_SECUREBITS, 0, 0, 0, 0))


def _require(answer: int) -> None:
    if answer != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@contextmanager
def _files_of(most_bytes: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes or before[0], before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
