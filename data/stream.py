"""The endless stream of serialised records behind every batch: the seed fixes record g, wherever the stream starts.

Epoch e of a set of N records holds positions e*N to e*N + N - 1 of the stream, in a permutation of all N records that
follows from (seed, e) alone. The permutation is computed position by position and never stored, and every record is
read by itself at its place in its shard: going on from any position costs nothing, and workers read only their own
share. The price is reading in random order, at which a disk of spinning plates is slow until the set is in memory.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from data.manifest import Shard
from data.record_index import FRAME_BYTES, index_shards

# 1: shards read in lockstep, shuffled within windows of 1,024. 2: a permutation of all records.
ORDER_VERSION = 2
# tf.random.experimental.index_shuffle takes 4 rounds, with which the orders of two epochs of 100,000 records have a
# correlation of .33 and share ten times as many neighbours as by chance. From 16 rounds on nothing differs from chance
# for up to 1,000,000 records.
CIPHER_ROUNDS = 32
READS_AT_ONCE = 16
READ_BYTES = 1 << 16  # read at once: most records come whole with one reading
_ORDER_ROLE = 1


def role_seed(seed: int, role: int, *numbers: tf.Tensor) -> tf.Tensor:
    """Makes a stateless seed int64 [2] from the run's seed, a role and counters (epoch, batch or sample)."""
    mixture = tf.constant([seed, role], tf.int64)
    for number in numbers:
        mixture = tf.random.fold_in(mixture, tf.cast(number, tf.int64))
    return mixture


@dataclass(frozen=True)
class Companions:
    """Extra data of every record: for each shard a TFRecord file `<folder>/<shard's name>`, in the same order.

    `bytes_each` is the size of one companion, which is the same for all, so that the place of each follows from it.
    """

    folder: Path
    bytes_each: int


def record_at(seed: int, total: int, positions: tf.Tensor) -> tf.Tensor:
    """Finds which of `total` records stands at each of the stream's `positions` int64 [n], which may be negative.

    The permutation is that of a block cipher (Simon) that walks within [0, total); its key is (seed, role, epoch).
    """
    epochs = positions // total
    keys = tf.stack([seed * tf.ones_like(epochs), _ORDER_ROLE * tf.ones_like(epochs), epochs], axis=1)
    last = total - 1
    # TensorFlow's op (2.21) makes its block too small where the last index is 2^16, 2^18, 2^20 …, and then gives
    # one index twice. One more index does away with that; the position that it comes to walks on.
    one_more = last >= 1 << 16 and last & (last - 1) == 0
    last += one_more

    def shuffle(indices: tf.Tensor) -> tf.Tensor:
        return tf.raw_ops.RandomIndexShuffle(
            index=indices, seed=keys, max_index=tf.constant(last, tf.int64), rounds=CIPHER_ROUNDS
        )

    shuffled = shuffle(positions % total)
    return tf.where(shuffled < total, shuffled, shuffle(shuffled)) if one_more else shuffled


def _record(path: tf.Tensor, offset: tf.Tensor, read_bytes: int) -> tf.data.Dataset:
    """The one record of a TFRecord file that begins at `offset`, its checksums compared."""
    # the op behind tf.data.TFRecordDataset, because the Python class does not pass `byte_offsets` on
    reader = tf.raw_ops.TFRecordDatasetV2(
        filenames=[path],
        compression_type="",
        buffer_size=tf.constant(read_bytes, tf.int64),
        byte_offsets=[offset],
    )
    record = tf.data.experimental.from_variant(reader, tf.TensorSpec([], tf.string)).take(1)
    # A file may have been cut since it was indexed; the stream would then skip what is gone.
    return record.apply(tf.data.experimental.assert_cardinality(1))


def stream_records(
    folder: Path,
    shards: tuple[Shard, ...],
    seed: int,
    positions: tf.data.Dataset,
    companions: Companions | None = None,
) -> tf.data.Dataset:
    """Reads the serialised records at `positions`, a data set of int64 [n], one by one, and no other record.

    With `companions`, each record comes with its companion's bytes in front of it. Raises DamagedShard where a shard
    does not hold the records that its manifest promises.
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
        record = _record(tf.strings.join([str(folder), name], "/"), offset, READ_BYTES)
        if companions is None:
            return record
        framed = companions.bytes_each + FRAME_BYTES
        leading = _record(tf.strings.join([str(companions.folder), name], "/"), number * framed, framed)
        return tf.data.Dataset.zip(leading, record).map(lambda *parts: tf.strings.join(parts))

    return (
        positions.map(place, tf.data.AUTOTUNE)
        .unbatch()
        .interleave(read, READS_AT_ONCE, num_parallel_calls=READS_AT_ONCE, deterministic=True)
    )
