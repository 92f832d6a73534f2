"""Small sets of shards made of drawings; the middle grey value of picture i says which one it is."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from data.manifest import Manifest, Shard, write_manifest
from data.records import encode_crop, serialise_record


def drawing(index: int, size_px: int) -> np.ndarray:
    """A picture uint8 [S, S, 3] with different left and right, top and bottom; its middle grey is 4 * index + 2."""
    rng = np.random.default_rng(index)
    crop = np.repeat(np.repeat(rng.integers(0, 256, (4, 4, 3)), size_px // 4, 0), size_px // 4, 1).astype(
        np.uint8
    )
    middle = slice(size_px // 4, 3 * size_px // 4)
    crop[middle, middle] = 4 * index + 2
    return crop


def told(pictures: np.ndarray) -> list[int]:
    """The indices of `drawing`s in a batch float32 [b, S, S, 3] without augmentation."""
    middle = pictures.shape[1] // 2
    return [round((float(p[middle, middle, 0]) + 1) * 127.5 - 2) // 4 for p in pictures]


@pytest.fixture(scope="session")
def make_shards(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes a folder of PNG records, spread unevenly over shards: `make(counts, validation, size_px)`."""

    def make(counts: tuple[int, ...] = (7, 5, 1, 9), validation: int = 3, size_px: int = 16) -> Path:
        folder = tmp_path_factory.mktemp("shards")
        shards, index = [], 0
        for number, (split, count) in enumerate(
            [("train", c) for c in counts] + [("validation", validation)]
        ):
            name = f"{split}-{number:05d}.tfrecord"
            with tf.io.TFRecordWriter(str(folder / name)) as writer:
                for _ in range(count):
                    crop = encode_crop(drawing(index, size_px), None)
                    writer.write(serialise_record(crop, f"person{index}", f"{index}.png#0"))
                    index += 1
            content = (folder / name).read_bytes()
            shards.append(Shard(name, split, count, len(content), hashlib.sha256(content).hexdigest()))
        write_manifest(folder, Manifest({"size_px": size_px, "shrink": 1.0}, tuple(shards)))
        return folder

    return make


@pytest.fixture(scope="session")
def shards(make_shards: Callable[..., Path]) -> Path:
    """22 training and 3 validation pictures of 16 px in 5 shards."""
    return make_shards()
