"""Makes training records for benchmarks: crops of the bundled photographs, in shards as prepare_data.py writes them."""

import hashlib
from pathlib import Path

import numpy as np
import tensorflow as tf

from data.faces.alignment import align
from data.faces.detection import build_detector
from data.manifest import Manifest, Shard, write_manifest
from data.pictures import read_picture
from data.records import encode_crop, serialise_record
from facedancer_tf.bundled_pictures import bundled_pictures

SHARDS = 4


def make_face_records(folder: Path, size_px: int, quality: int | None, count: int = 512) -> float:
    """Writes `count` training records of `size_px` into `folder`; returns the mean size of a crop in kB.

    quality: of the JPEG, None stores PNG. There are five photographs; each crop is cut a little otherwise.
    """
    folder.mkdir(parents=True)
    detector, rng = build_detector(), np.random.default_rng(0)
    pictures = [read_picture(path).rgb for path in bundled_pictures()]
    faces = [detector.detect(picture)[0] for picture in pictures]
    sizes, shards = [], []
    for shard in range(SHARDS):
        name = f"train-{shard:05d}-of-{SHARDS:05d}.tfrecord"
        with tf.io.TFRecordWriter(str(folder / name)) as writer:
            for number in range(shard, count, SHARDS):
                face = faces[number % len(faces)]
                moved = face.landmarks + rng.normal(0, 0.03 * face.box[2], (5, 2))
                encoded = encode_crop(align(pictures[number % len(faces)], moved, size_px), quality)
                sizes.append(len(encoded))
                writer.write(serialise_record(encoded, "somebody", f"{number}.jpg#0"))
        content = (folder / name).read_bytes()
        shards.append(
            Shard(name, "train", count // SHARDS, len(content), hashlib.sha256(content).hexdigest())
        )
    write_manifest(folder, Manifest({"size_px": size_px, "shrink": 1.0}, tuple(shards)))
    return float(np.mean(sizes)) / 1e3
