"""Tests embeddings beside the shards: computed once, from the pictures, and again where a shard's are not whole."""

import dataclasses
import tempfile
from pathlib import Path

import numpy as np
import pytest

from data.manifest import read_manifest
from facedancer_tf.errors import UserError
from facedancer_tf.training.batches import build_batches
from facedancer_tf.training.cached_embeddings import embeddings_of_run
from facedancer_tf.training.damaged_data import damage_named
from facedancer_tf.training.models import build_models
from tests.facedancer_tf.training.small_training import SMALL, tf, with_settings


def zeros(content: bytes) -> bytes:
    """The same number of embeddings, sound as TFRecords, all of zeros."""
    with tempfile.NamedTemporaryFile() as file:
        with tf.io.TFRecordWriter(file.name) as writer:
            length = int.from_bytes(content[:8], "little")
            for _ in range(len(content) // (length + 16)):
                writer.write(bytes(length))
        zeroed = Path(file.name).read_bytes()
    assert len(zeroed) == len(content)
    return zeroed


def test_they_are_those_of_the_pictures_and_are_made_once(face_shards, tmp_path):
    (tmp_path / "data").mkdir()
    for file in face_shards.glob("*.*"):
        (tmp_path / "data" / file.name).write_bytes(file.read_bytes())
    config = with_settings(
        SMALL,
        data={"folder": tmp_path / "data", "cached_embeddings": True},
        second_encoder={"name": "mobileface"},
    )
    manifest, models = read_manifest(config.data.folder), build_models(config, 1.0)
    with pytest.raises(UserError, match="lacks sound embeddings"):
        embeddings_of_run(config, models, manifest, make=False)
    companions = embeddings_of_run(config, models, manifest, make=True)
    assert companions is not None
    batches = build_batches(config, 0, tf.distribute.get_strategy(), companions)
    for batch, _ in zip(batches, range(3), strict=False):
        for role in ("source", "target"):
            expected = np.concatenate(
                [models.faces(batch[role])["embedding"], models.second_embeddings(batch[role])], axis=1
            )
            np.testing.assert_allclose(batch[f"{role}_embedding"], expected, rtol=1e-4, atol=1e-4)
    first, *others = sorted(companions.folder.glob("*.tfrecord"))
    content, times = first.read_bytes(), [path.stat().st_mtime_ns for path in others]
    for harm in (content[:-4], b"", zeros(content)):
        first.write_bytes(harm)
        with pytest.raises(UserError, match="lacks sound embeddings of train-00000"):
            embeddings_of_run(config, models, manifest, make=False)
        assert embeddings_of_run(config, models, manifest, make=True) == companions
        assert first.read_bytes() == content
    assert [path.stat().st_mtime_ns for path in others] == times
    for sums in (b"", b"\xff", b"nothing\n"):
        (companions.folder / "SHA256SUMS").write_bytes(sums)
        assert embeddings_of_run(config, models, manifest, make=True) == companions
        assert embeddings_of_run(config, models, manifest, make=False) == companions
    with pytest.raises(UserError, match=r"-96px-.* lacks sound embeddings"):  # pictures of another size
        embeddings_of_run(with_settings(config, size_px=96), models, manifest, make=False)
    remade = dataclasses.replace(
        manifest, shards=tuple(dataclasses.replace(s, sha256="") for s in manifest.shards)
    )
    with pytest.raises(UserError, match="lacks sound embeddings"):  # other pictures under the same names
        embeddings_of_run(config, models, remade, make=False)


def test_a_full_disk_and_a_damaged_embedding_are_one_sentence(face_shards, tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    for file in face_shards.glob("*.*"):
        (tmp_path / "data" / file.name).write_bytes(file.read_bytes())
    config = with_settings(SMALL, data={"folder": tmp_path / "data", "cached_embeddings": True})
    manifest, models = read_manifest(config.data.folder), build_models(config, 1.0)

    def full(*_):
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(tf.io.TFRecordWriter, "write", full)
        with pytest.raises(UserError, match=r"cannot be kept in .*No space left on device.*make room"):
            embeddings_of_run(config, models, manifest, make=True)
    companions = embeddings_of_run(config, models, manifest, make=True)
    assert companions is not None
    (file,) = companions.folder.glob("*.tfrecord")
    content = file.read_bytes()
    for harm in (content[:20] + bytes([content[20] ^ 1]) + content[21:], content[: len(content) // 2], b""):
        file.write_bytes(harm)
        batches = build_batches(config, 0, tf.distribute.get_strategy(), companions)
        with (
            pytest.raises(UserError, match=r"damaged in .*: train-00000.tfrecord; start again"),
            damage_named(config, manifest, companions),
        ):
            [next(batches) for _ in range(10)]
