"""Finds where each record of a TFRecord file begins, so that any record can be read without those before it.

A record is its length (uint64, little-endian), a checksum of the length, the data and a checksum of the data. This file
reads the lengths alone: 8 bytes of every record, no picture.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from data.manifest import Shard

LENGTH_BYTES, CHECKSUM_BYTES = 8, 4
FRAME_BYTES = LENGTH_BYTES + 2 * CHECKSUM_BYTES
FILES_AT_ONCE = 16  # a disk across a network answers many requests at once as fast as one


class DamagedShard(ValueError):
    """A shard does not hold the records that its manifest promises; the message names it and says what to do."""


def index_shards(folder: Path, shards: tuple[Shard, ...]) -> np.ndarray:
    """Finds the first byte of every record in `shards`, int64 [N], one shard after the other.

    A first byte is counted from the start of its own file. Raises DamagedShard for a file that does not hold the
    records that its manifest promises.
    """
    with ThreadPoolExecutor(FILES_AT_ONCE) as threads:
        offsets = list(threads.map(lambda shard: index_records(folder / shard.name, shard.count), shards))
    return np.concatenate(offsets)


def index_records(path: Path, count: int) -> np.ndarray:
    """Finds the first bytes int64 [count] of one file's records; raises DamagedShard where it does not hold `count`."""
    file = os.open(path, os.O_RDONLY)
    try:
        size, at = os.fstat(file).st_size, 0
        offsets: list[int] = []
        while at < size and len(offsets) <= count:
            offsets.append(at)
            at += FRAME_BYTES + int.from_bytes(os.pread(file, LENGTH_BYTES, at), "little")
    finally:
        os.close(file)
    if at != size or len(offsets) != count:
        raise DamagedShard(
            f"{path} must hold {count} whole records, as its manifest says: it is damaged or was replaced; delete it "
            "and run prepare_data.py with the same arguments again"
        )
    return np.array(offsets, np.int64)
