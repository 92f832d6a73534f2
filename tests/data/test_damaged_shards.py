"""After a failure every damaged shard is named, one whose manifest has the checksum of its damage too."""

import dataclasses
import hashlib

import pytest
import tensorflow as tf

from data.damaged_shards import damage_of
from data.manifest import read_manifest
from data.records import encode_crop, serialise_record
from tests.data.conftest import drawing


def test_whole_shards_have_no_damage(shards):
    assert damage_of(shards, read_manifest(shards)) is None


@pytest.mark.parametrize(
    "record",
    [
        b"no record",
        serialise_record(b"no picture", "person", "1.png#0"),
        serialise_record(encode_crop(drawing(0, 32), None), "person", "1.png#0"),  # of another size
    ],
)
def test_a_record_that_is_none_is_damage_whatever_the_manifest_says(make_shards, record):
    folder = make_shards((2, 2), 1)
    manifest = read_manifest(folder)
    path = folder / manifest.shards[1].name
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(record)
    of_damage = dataclasses.replace(manifest.shards[1], sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    manifest = dataclasses.replace(manifest, shards=(manifest.shards[0], of_damage, manifest.shards[2]))
    assert f"damaged in {folder}: {path.name}; delete it" in str(damage_of(folder, manifest))
