"""Reads zip files from anywhere: what they say of themselves is checked before anything is unpacked.

A zip file may claim 100 bytes and unpack to gigabytes, or list millions of members. So only stored and deflated members
are read, none beyond the size that it claims, and the list of members has a bound.
"""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
LIST_CEILING_BYTES = 16 << 20  # of the list of members; one takes about 100 bytes there, and 1 kB in memory
_END, _END64 = b"PK\5\6", b"PK\6\7"
_END_BYTES, _END64_BYTES, _COMMENT_BYTES = 22, 20, 65_535
# What reading a damaged or foreign zip file raises; RuntimeError is for an encrypted one, or JSON without end.
DAMAGE = (
    zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError, ValueError, LookupError, TypeError, AttributeError,
    ArithmeticError,
)  # fmt: skip


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Opens `path` for reading; raises one of `DAMAGE`, ValueError for a list of members that is too long."""
    _check_list(path)
    with zipfile.ZipFile(path) as archive:
        yield archive


def check_member(info: zipfile.ZipInfo, ceiling_bytes: int) -> None:
    """Raises ValueError where a member is too large, or packed by a method whose output has no bound."""
    if info.file_size > ceiling_bytes:
        raise ValueError(f"its member {info.filename!r} would unpack to {info.file_size} bytes")
    if info.compress_type not in PACKINGS:
        raise ValueError(f"its member {info.filename!r} is packed by the method {info.compress_type}")


def read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, ceiling_bytes: int) -> bytes:
    """Reads one member whole, and never more than it claims; raises ValueError as `check_member` does."""
    check_member(info, ceiling_bytes)
    with archive.open(info) as member:
        # `archive.read` would unpack everything first, and cut it to the claimed size then.
        content = member.read(info.file_size + 1)
    if len(content) != info.file_size:
        raise ValueError(f"its member {info.filename!r} has another size than it claims")
    return content


def _check_list(path: Path) -> None:
    """Raises ValueError for a list of members that is too long, or may be (a zip file of the 64-bit kind)."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _END_BYTES - _END64_BYTES - _COMMENT_BYTES))
        tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + _END_BYTES:
        raise zipfile.BadZipFile("it is no zip file, or one that is cut off")
    is_64_bit = tail[max(0, at - _END64_BYTES) : at].startswith(_END64)
    if is_64_bit or int.from_bytes(tail[at + 12 : at + 16], "little") > LIST_CEILING_BYTES:
        raise ValueError("it lists more members than are read here")
