"""The endless stream of serialised records behind every batch: picture g of (seed) is the same wherever it starts.

Epoch e of a set of N records holds positions e*N to e*N + N - 1 of the stream. Its order follows from (seed, e) alone:
shards in a drawn order, several read in turn, then a shuffle within windows, drawn from (seed, e, window). Shards are
already shuffled when they are made, so a window of a thousand is enough. Windows instead of a shuffle buffer, because
a buffer's state could only be restored by reading everything before.
"""

from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

from data.manifest import Shard

SHARDS_AT_ONCE = 16
WINDOW = 1024
_ORDER_ROLE, _WINDOW_ROLE = 1, 2


def role_seed(seed: int, role: int, *numbers: tf.Tensor) -> tf.Tensor:
    """A stateless seed int64 [2] from the run's seed, a role and counters (epoch, window, batch or sample)."""
    mixed = tf.constant([seed, role], tf.int64)
    for number in numbers:
        mixed = tf.random.fold_in(mixed, tf.cast(number, tf.int64))
    return mixed


@dataclass(frozen=True)
class Companions:
    """Something known of every record: per shard a file `<folder>/<shard's name>` of `bytes_each` for each in turn."""

    folder: Path
    bytes_each: int


def stream_records(
    folder: Path,
    shards: tuple[Shard, ...],
    seed: int,
    start: int,
    companions: Companions | None = None,
    window: int = WINDOW,
) -> tf.data.Dataset:
    """Serialised records from stream position `start` on (may be negative), endless.

    Each is led by its companion's bytes, where there are `companions`. What lies before `start` is neither decoded nor
    shuffled; whole groups of shards before it are not even opened.
    """
    total = sum(shard.count for shard in shards)
    first_epoch, offset = divmod(start, total)
    at_once = min(SHARDS_AT_ONCE, len(shards))
    groups = -(-len(shards) // at_once)
    padding = groups * at_once - len(shards)
    names = tf.constant([shard.name for shard in shards])
    counts = tf.constant([shard.count for shard in shards], tf.int64)

    def read_shard(name: tf.Tensor) -> tf.data.Dataset:
        records = tf.data.TFRecordDataset(tf.strings.join([str(folder), name], "/"), buffer_size=1 << 20)
        if companions is None:
            return records
        path = tf.strings.join([str(companions.folder), name], "/")
        leading = tf.data.FixedLengthRecordDataset(path, companions.bytes_each)
        return tf.data.Dataset.zip(leading, records).map(lambda *parts: tf.strings.join(parts))

    def read_group(group_names: tf.Tensor) -> tf.data.Dataset:
        present = tf.boolean_mask(group_names, group_names != "")
        return tf.data.Dataset.from_tensor_slices(present).interleave(
            read_shard,
            cycle_length=at_once,
            block_length=1,
            num_parallel_calls=min(at_once, 4),
            deterministic=True,
        )

    def shuffle_window(epoch: tf.Tensor, index: tf.Tensor, records: tf.Tensor) -> tf.Tensor:
        drawn = tf.random.stateless_uniform(tf.shape(records), role_seed(seed, _WINDOW_ROLE, epoch, index))
        return tf.gather(records, tf.argsort(drawn, stable=True))

    def read_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        skipped = tf.where(epoch == first_epoch, tf.constant(offset, tf.int64), tf.constant(0, tf.int64))
        drawn = tf.random.stateless_uniform([len(shards)], role_seed(seed, _ORDER_ROLE, epoch))
        order = tf.argsort(drawn, stable=True)
        in_groups = tf.reshape(
            tf.pad(tf.gather(names, order), [[0, padding]], constant_values=""), [groups, at_once]
        )
        sizes = tf.reduce_sum(
            tf.reshape(tf.pad(tf.gather(counts, order), [[0, padding]]), [groups, at_once]), axis=1
        )
        before = tf.cumsum(sizes, exclusive=True)
        first_window = skipped // window
        first_group = tf.reduce_sum(tf.cast(before <= first_window * window, tf.int64)) - 1
        records = tf.data.Dataset.from_tensor_slices(in_groups[first_group:]).flat_map(read_group)
        records = records.skip(first_window * window - before[first_group])
        windows = records.batch(window).enumerate(first_window).prefetch(1)
        shuffled = windows.map(lambda index, batch: shuffle_window(epoch, index, batch))
        return shuffled.unbatch().skip(skipped - first_window * window)

    return tf.data.Dataset.range(first_epoch, tf.int64.max).flat_map(read_epoch)
