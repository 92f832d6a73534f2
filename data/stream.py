"""The endless stream of serialised records behind every batch: record g of (seed) is the same wherever it starts.

Epoch e of a set of N records holds positions e*N to e*N + N - 1 of the stream, in a permutation of all N records that
follows from (seed, e) alone. The permutation is computed position by position, never written down, and every record is
read by itself at its place in its shard: going on from any position costs nothing, and workers read their own share
only. The price is reading in no order, which a disk of turning plates is slow at until the set is in memory.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from data.manifest import Shard
from data.record_index import index_shards

# 1: shards read in lockstep, shuffled within windows of 1,024. 2: a permutation of all records.
ORDER_VERSION = 2
# tf.random.experimental.index_shuffle takes 4, with which the orders of two epochs of 100,000 records correlate by .33
# and share ten times as many neighbours as chance has it. From 16 on nothing differs from chance up to 1,000,000.
CIPHER_ROUNDS = 32
READS_AT_ONCE = 16
READ_BYTES = 1 << 16  # read ahead of a record: most are whole in one reading
_ORDER_ROLE = 1


def role_seed(seed: int, role: int, *numbers: tf.Tensor) -> tf.Tensor:
    """A stateless seed int64 [2] from the run's seed, a role and counters (epoch, batch or sample)."""
    mixed = tf.constant([seed, role], tf.int64)
    for number in numbers:
        mixed = tf.random.fold_in(mixed, tf.cast(number, tf.int64))
    return mixed


@dataclass(frozen=True)
class Companions:
    """Something known of every record: per shard a file `<folder>/<shard's name>` of `bytes_each` for each in turn."""

    folder: Path
    bytes_each: int


def record_at(seed: int, total: int, positions: tf.Tensor) -> tf.Tensor:
    """Which of `total` records stands at each of the stream's `positions` int64 [n]; positions may be negative.

    A block cipher (Simon) walks within [0, total); its key is (seed, role, epoch).
    """
    epochs = positions // total
    keys = tf.stack([seed * tf.ones_like(epochs), _ORDER_ROLE * tf.ones_like(epochs), epochs], axis=1)
    return tf.raw_ops.RandomIndexShuffle(
        index=positions % total, seed=keys, max_index=tf.constant(total - 1, tf.int64), rounds=CIPHER_ROUNDS
    )


def stream_records(
    folder: Path,
    shards: tuple[Shard, ...],
    seed: int,
    positions: tf.data.Dataset,
    companions: Companions | None = None,
) -> tf.data.Dataset:
    """The serialised records at `positions`, a data set of int64 [n], one by one; no other record is read.

    Each is led by its companion's bytes, where there are `companions`. Raises DamagedShard where a shard does
    not hold the records that its manifest promises.
    """
    offsets = tf.constant(index_shards(folder, shards))
    ends = np.cumsum([shard.count for shard in shards])
    names = tf.constant([shard.name for shard in shards])

    def place(positions: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        records = record_at(seed, int(ends[-1]), positions)
        shard = tf.searchsorted(ends, records, side="right")
        begins = tf.gather(np.concatenate([[0], ends]), shard)
        return tf.gather(names, shard), tf.gather(offsets, records), records - begins

    def read(name: tf.Tensor, offset: tf.Tensor, number: tf.Tensor) -> tf.data.Dataset:
        # tf.data.TFRecordDataset without its Python class, which does not pass `byte_offsets` on
        reader = tf.raw_ops.TFRecordDatasetV2(
            filenames=[tf.strings.join([str(folder), name], "/")],
            compression_type="",
            buffer_size=tf.constant(READ_BYTES, tf.int64),
            byte_offsets=[offset],
        )
        record = tf.data.experimental.from_variant(reader, tf.TensorSpec([], tf.string)).take(1)
        if companions is None:
            return record
        path = tf.strings.join([str(companions.folder), name], "/")
        skipped = number * companions.bytes_each
        leading = tf.data.FixedLengthRecordDataset(path, companions.bytes_each, header_bytes=skipped)
        return tf.data.Dataset.zip(leading.take(1), record).map(lambda *parts: tf.strings.join(parts))

    return (
        positions.map(place, tf.data.AUTOTUNE)
        .unbatch()
        .interleave(read, READS_AT_ONCE, num_parallel_calls=READS_AT_ONCE, deterministic=True)
    )
