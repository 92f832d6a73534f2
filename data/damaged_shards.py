"""Finds which shards are not those of their manifest, or hold no pictures, where reading a record has failed."""

from pathlib import Path

import tensorflow as tf

from data.checksums import file_sha256
from data.manifest import Manifest, Shard
from data.pipeline import decode_picture
from data.record_index import DamagedShard


def damage_of(folder: Path, manifest: Manifest) -> DamagedShard | None:
    """An error that names every shard in `folder` that is damaged; None where all are sound.

    A shard is sound if its SHA-256 is its manifest's and every record is a picture of the manifest's size. All shards
    are read: this is for after a failure. Raises OSError where one cannot be read.
    """
    names = [shard.name for shard in manifest.shards if not _is_sound(folder, shard, manifest.size_px)]
    if not names:
        return None
    return DamagedShard(
        f"damaged in {folder}: {', '.join(names)}; delete it and run prepare_data.py with the same arguments again, "
        "which makes it anew"
    )


def _is_sound(folder: Path, shard: Shard, size_px: int) -> bool:
    path = folder / shard.name
    if not path.is_file() or file_sha256(path) != shard.sha256:
        return False
    records = tf.data.TFRecordDataset(str(path))
    try:
        for _ in records.map(lambda record: decode_picture(record, size_px, size_px), tf.data.AUTOTUNE):
            pass
    except (tf.errors.DataLossError, tf.errors.InvalidArgumentError):
        return False
    return True
