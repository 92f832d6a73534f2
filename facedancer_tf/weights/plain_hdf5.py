"""Opens HDF5 files from anywhere if they are plain: uncompressed arrays of numbers that lie in the file itself.

HDF5 files can point to other files (external links, external storage, virtual datasets), contain a group that names
itself, run filter plugins and inflate a small chunk without end. Keras' weight files do none of this, so a file that
does is refused before any array is read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import h5py

# For all arrays together; the largest network here has 0.3 GB, and 0.8 GB with Adam's slots.
CEILING_BYTES = 1 << 30
OBJECTS_CEILING = 20_000


class NotPlain(ValueError):
    """A file is no HDF5 file, or a damaged one, or holds more than arrays; the message says which."""


@contextmanager
def open_plain_hdf5(file: Path | BinaryIO) -> Iterator[h5py.File]:
    """Opens `file` for reading; raises NotPlain, also for damage that shows up inside the `with` block."""
    try:
        with h5py.File(file, "r", locking=False) as hdf5:  # not every disk can lock, and nothing is written
            _check(hdf5)
            yield hdf5
    # h5py reports damage by any of these errors.
    except (OSError, RuntimeError, KeyError, TypeError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise NotPlain(f"it is not a whole HDF5 file ({reason})") from error


def _check(file: h5py.File) -> None:
    """Raises NotPlain for a file that holds anything but plain arrays, or too much of them."""
    addresses: set[int] = set()
    total = 0
    pending = [file]
    while pending:
        group = pending.pop()
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise NotPlain(f"its member {name!r} is a link, and weight files have none")
            item = group[name]
            address = h5py.h5o.get_info(item.id).addr
            if address in addresses or len(addresses) >= OBJECTS_CEILING:
                raise NotPlain(f"its member {name!r} stands in several places, or there are too many members")
            addresses.add(address)
            if isinstance(item, h5py.Group):
                pending.append(item)
                continue
            if not isinstance(item, h5py.Dataset) or item.dtype.kind not in "fiu":
                raise NotPlain(f"its member {name!r} is not an array of numbers")
            if item.external or item.is_virtual or item.id.get_create_plist().get_nfilters():
                raise NotPlain(
                    f"its array {name!r} lies in another file or is compressed, and weights do neither"
                )
            total += item.nbytes
            if total > CEILING_BYTES:
                raise NotPlain(f"its arrays have more than {CEILING_BYTES >> 20} MB")
