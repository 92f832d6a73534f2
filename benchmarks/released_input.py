"""The input of the released training, written from its description: the yardstick of input_pipeline.py.

There are two streams of all records, one for targets and one for sources; each parses and decodes for itself. Pairs and
self-swaps are made in NumPy, batch by batch, outside tf.data; then follows the augmentation, one draw per batch and
side. Where the description leaves something open, the faster form is taken: decoding in parallel and ahead, the
augmentation as one graph.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from data.manifest import read_manifest
from data.records import parse_record


def released_batches(
    folder: Path, size_px: int, batch_size: int, augment: bool
) -> Iterator[tuple[tf.Tensor, tf.Tensor, np.ndarray]]:
    """Yields (target, source, self_swap) without end: float32 [B, S, S, 3] in [-1, 1] twice, flags float32 [B]."""
    stored_px = read_manifest(folder).size_px
    files = sorted(str(path) for path in folder.glob("train-*"))

    def decode(record: tf.Tensor) -> tf.Tensor:
        crop = tf.io.decode_jpeg(parse_record(record)["picture"], channels=3)  # reads PNG too
        if size_px != stored_px:
            crop = tf.image.resize(crop, [size_px, size_px])
        return tf.cast(crop, tf.float32) / 127.5 - 1.0

    def stream(seed: int) -> Iterator[tf.Tensor]:
        records = tf.data.TFRecordDataset(files).repeat().shuffle(1024, seed)
        pictures = records.map(decode, tf.data.AUTOTUNE).batch(batch_size, drop_remainder=True)
        return iter(pictures.prefetch(tf.data.AUTOTUNE))

    @tf.function
    def light(pictures: tf.Tensor) -> tf.Tensor:
        pictures = tf.image.random_brightness(pictures, 0.3)
        pictures = tf.image.random_contrast(pictures, 0.9, 1.1)
        return tf.image.random_saturation(pictures, 0.9, 1.1)

    rng = np.random.default_rng(0)
    targets, sources = stream(1), stream(2)
    while True:
        target, source = next(targets).numpy(), next(sources).numpy()
        flags = rng.uniform(size=batch_size) < 0.2
        flags[rng.integers(batch_size)] |= not flags.any()
        source = np.where(flags[:, None, None, None], target, source)
        if augment:
            target, source = light(target), light(source)
        yield target, source, flags.astype(np.float32)
