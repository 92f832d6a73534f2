"""Crops of shards: a shard that is not as its manifest says is named."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from facedancer_tf.errors import UserError
from facedancer_tf.margins.crop_sets import read_crops


@pytest.mark.parametrize(
    "harm",
    [lambda c: c[:99] + bytes([c[99] ^ 1]) + c[100:], lambda c: b"\xff" * 8 + c[8:], lambda c: bytes(len(c))],
)
def test_a_damaged_shard_is_named(face_shards: Path, tmp_path: Path, harm) -> None:
    folder = Path(shutil.copytree(face_shards, tmp_path / "data"))
    path = folder / "train-00000.tfrecord"
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(UserError, match=r"damaged in .*: train-00000\.tfrecord; delete it"):
        read_crops(folder, "train", 5, 64, 1.0, np.random.default_rng(0))
