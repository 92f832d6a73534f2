"""Turns shards into batches inside tf.data: pairing, self-swap flags, parallel decoding, augmentation, workers.

Pictures in a batch are float32 NHWC, RGB, [-1, 1]. The stream of pictures (data.stream) is numbered from 0; sample g
has picture g as target and picture g - 1 as source (-1 is the last of epoch -1). The stream is shuffled as a whole, so
source and target are independent (as in the released training: docs/method.md, section 7.2), and a pair costs a single
read. Every random number follows from (seed, global sample or batch index), so that (seed, next sample) is the whole
state of a data set: any number of workers can go on from it.
"""

from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from data.manifest import Split, read_manifest
from data.records import decode_crop, parse_record
from data.stream import Companions, role_seed, stream_records

# (target, source, self_swap [b], sample [b], batch [], seed) -> these keys of a batch; see data.augmentation
Augmentation = Callable[[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, int], dict[str, tf.Tensor]]
_FLAG_ROLE = 3


def self_swap_flags(seed: int, batch: tf.Tensor, batch_size: int, probability: float) -> tf.Tensor:
    """Draws the flags float32 [batch_size] of a global batch: each is 1 with `probability`, and at least one is.

    This is the rule of the released training (docs/method.md, section 7.2). But with a probability of 0 no flag is 1,
    and in a batch of one sample no flag is forced to 1, or it would never swap two people.
    """
    draws = tf.random.stateless_uniform([batch_size], role_seed(seed, _FLAG_ROLE, batch))
    if probability == 0.0:
        return tf.zeros_like(draws)
    if batch_size == 1:
        return tf.cast(draws < probability, tf.float32)
    lowest = tf.one_hot(tf.argmin(draws), batch_size, on_value=True, off_value=False, dtype=tf.bool)
    return tf.cast((draws < probability) | lowest, tf.float32)


def decode_picture(serialised: tf.Tensor, stored_px: int, size_px: int) -> tf.Tensor:
    """Decodes one record's picture to uint8 [S, S, 3] at `size_px`; a larger one is shrunk by area averaging."""
    crop = tf.ensure_shape(decode_crop(parse_record(serialised)["picture"]), [stored_px, stored_px, 3])
    if stored_px == size_px:
        return crop
    small = tf.image.resize(crop, [size_px, size_px], method=tf.image.ResizeMethod.AREA)
    return tf.cast(tf.round(small), tf.uint8)


def take_where(flags: tf.Tensor, pictures: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    """Takes whole pictures [b, S, S, 3] from `pictures` where `flags` bool [b] is true, else from `others`.

    tf.where would look at the flag again for every number of a picture, which takes ten times as long.
    """
    return tf.raw_ops.Select(condition=flags, x=pictures, y=others)


def build_dataset(
    folder: Path,
    split: Split,
    size_px: int,
    batch_size: int,
    seed: int,
    start_sample: int = 0,
    self_swap_probability: float = 0.2,
    augmentation: Augmentation | None = None,
    worker_index: int = 0,
    worker_count: int = 1,
    embeddings: Companions | None = None,
) -> tf.data.Dataset:
    """Builds endless batches of one split, from global sample `start_sample` on; `batch_size` is the global one.

    The batches are dicts: `target` and `source` float32 [b, S, S, 3] in [-1, 1], `self_swap` float32 [b] of 0 and 1,
    `sample` int64 [b] of global sample indices, with b = batch_size / worker_count. Where a flag is 1, the source is
    the target's picture (before augmentation). An augmentation that lays occluders over the pictures adds `occluder`
    float32 [b, S, S, 1], where they are in the targets. With `embeddings`, which lie beside the shards, float32 and
    little-endian, the dicts also have `source_embedding` and `target_embedding` [b, W], of the pictures before
    augmentation. The workers' batches, one after the other, are the batch of a single worker.

    Raises ValueError for sizes that do not divide, a split without pictures, or crops stored smaller than `size_px`.
    """
    manifest = read_manifest(folder)
    shards = manifest.of(split)
    _check(
        size_px, manifest.size_px, batch_size, start_sample, self_swap_probability, worker_index, worker_count
    )
    if not shards:
        raise ValueError(f"`split` must be one that holds pictures in {folder}. Received: split={split!r}")
    share = batch_size // worker_count
    here = worker_index * share

    def positions(batch: tf.Tensor) -> tf.Tensor:
        # this worker's share, after the one picture before it, which is the source of the first sample
        return batch * batch_size + here - 1 + tf.range(share + 1, dtype=tf.int64)

    prefix_bytes = embeddings.bytes_each if embeddings else 0

    def decode(record: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        picture = decode_picture(tf.strings.substr(record, prefix_bytes, -1), manifest.size_px, size_px)
        return picture, tf.io.decode_raw(tf.strings.substr(record, 0, prefix_bytes), tf.float32)

    def make_batch(batch: tf.Tensor, decoded: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        pictures, embedded = decoded
        sample = batch * batch_size + here + tf.range(share, dtype=tf.int64)
        flags = self_swap_flags(seed, batch, batch_size, self_swap_probability)[here : here + share]
        pictures = tf.cast(pictures, tf.float32) / 127.5 - 1.0  # [b + 1, S, S, 3]
        target = pictures[1:]
        source = take_where(flags > 0, target, pictures[:-1])
        pair = {"target": target, "source": source}
        if augmentation is not None:
            pair = augmentation(target, source, flags, sample, batch, seed)
        content = {
            **{name: tf.ensure_shape(value, [share, size_px, size_px, None]) for name, value in pair.items()},
            "self_swap": tf.ensure_shape(flags, [share]),
            "sample": sample,
        }
        if embeddings is not None:
            embedded = tf.ensure_shape(embedded, [share + 1, prefix_bytes // tf.float32.size])
            content["target_embedding"] = embedded[1:]
            content["source_embedding"] = tf.where(flags[:, None] > 0, embedded[1:], embedded[:-1])
        return content

    numbers = tf.data.Dataset.range(start_sample // batch_size, tf.int64.max).map(positions)
    records = stream_records(Path(folder), shards, seed, numbers, companions=embeddings)
    decoded = records.map(decode, tf.data.AUTOTUNE, deterministic=True)
    decoded = decoded.batch(share + 1, drop_remainder=True).enumerate(start_sample // batch_size)
    dataset = decoded.map(make_batch, tf.data.AUTOTUNE, deterministic=True).prefetch(tf.data.AUTOTUNE)
    options = tf.data.Options()
    options.deterministic = True
    # worker_index has cut the stream already; TensorFlow must not cut it a second time
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return dataset.with_options(options)


def _check(
    size_px: int,
    stored_px: int,
    batch_size: int,
    start_sample: int,
    self_swap_probability: float,
    worker_index: int,
    worker_count: int,
) -> None:
    if size_px > stored_px or size_px < 1:
        raise ValueError(f"`size_px` must be at most the stored {stored_px} px. Received: size_px={size_px}")
    if worker_count < 1 or batch_size < 1 or batch_size % worker_count:
        raise ValueError(
            "`batch_size` must be a positive multiple of `worker_count`. "
            f"Received: batch_size={batch_size}, worker_count={worker_count}"
        )
    if not 0 <= worker_index < worker_count:
        raise ValueError(
            f"`worker_index` must be in 0..{worker_count - 1}. Received: worker_index={worker_index}"
        )
    if start_sample < 0 or start_sample % batch_size:
        raise ValueError(
            f"`start_sample` must be a multiple of batch_size={batch_size}. Received: start_sample={start_sample}"
        )
    if not 0.0 <= self_swap_probability <= 1.0:
        raise ValueError(f"`self_swap_probability` must be in [0, 1]. Received: {self_swap_probability}")
