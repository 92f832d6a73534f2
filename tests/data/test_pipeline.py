"""Tests the stream of batches: order, pairs, flags, workers, and going on from any sample."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from data.augmentation import colour_and_geometry_augmentation
from data.pipeline import build_dataset, self_swap_flags
from data.records import decode_crop, encode_crop, parse_record
from data.stream import Companions
from tests.data.conftest import drawing, told

JITTER = colour_and_geometry_augmentation(flip=True, scale=0.05, rotation_deg=3.0, shift=0.03)


def batches(folder: Path, count: int, **changes) -> list[dict[str, np.ndarray]]:
    arguments = {"split": "train", "size_px": 16, "batch_size": 4, "seed": 5, **changes}
    return [{k: v.numpy() for k, v in b.items()} for b in build_dataset(folder, **arguments).take(count)]


def assert_equal(one: list[dict[str, np.ndarray]], other: list[dict[str, np.ndarray]]) -> None:
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        for key in a:
            np.testing.assert_array_equal(a[key], b[key], err_msg=key)


def test_every_epoch_holds_every_picture_once_in_another_order(shards: Path) -> None:
    seen = [i for b in batches(shards, 11, batch_size=4) for i in told(b["target"])]  # 44 = two epochs
    assert sorted(seen[:22]) == list(range(22))
    assert sorted(seen[22:]) == list(range(22))
    assert seen[:22] != seen[22:] != list(range(22))
    assert seen != [i for b in batches(shards, 11, seed=6) for i in told(b["target"])]


def test_pictures_come_out_as_stored_in_range(shards: Path) -> None:
    (batch,) = batches(shards, 1)
    assert batch["target"].dtype == np.float32
    for index, picture in zip(told(batch["target"]), batch["target"], strict=True):
        np.testing.assert_allclose(picture, drawing(index, 16) / 127.5 - 1.0, atol=1e-6)


def test_source_is_the_picture_before_unless_self_swap(shards: Path) -> None:
    got = batches(shards, 8)
    targets = [i for b in got for i in told(b["target"])]
    sources = [i for b in got for i in told(b["source"])]
    flags = np.concatenate([b["self_swap"] for b in got])
    for g in range(1, 32):
        assert sources[g] == (targets[g] if flags[g] else targets[g - 1])
    np.testing.assert_array_equal(np.concatenate([b["sample"] for b in got]), np.arange(32))


def test_batches_are_bit_by_bit_the_stored_pixels_and_their_copies(shards: Path) -> None:
    last: np.ndarray | None = None
    for batch in batches(shards, 4):
        stored = np.stack([drawing(index, 16) for index in told(batch["target"])])
        np.testing.assert_array_equal(batch["target"], stored.astype(np.float32) / np.float32(127.5) - 1)
        before = np.roll(batch["target"], 1, axis=0)
        before[0] = batch["source"][0] if last is None else last
        copied = batch["self_swap"][:, None, None, None] > 0
        np.testing.assert_array_equal(batch["source"], np.where(copied, batch["target"], before))
        last = batch["target"][-1]


def test_flags_are_one_at_least_and_as_probable_as_asked() -> None:
    flags = np.array([self_swap_flags(3, tf.constant(b, tf.int64), 10, 0.2).numpy() for b in range(300)])
    assert flags.sum(axis=1).min() == 1
    expected = 0.2 + 0.8**10 / 10  # a batch that would have none gets one
    assert abs(flags.mean() - expected) < 0.03
    rare = np.array([self_swap_flags(3, tf.constant(b, tf.int64), 4, 1e-6).numpy() for b in range(50)])
    np.testing.assert_array_equal(rare.sum(axis=1), 1)
    assert len(set(rare.argmax(axis=1))) == 4
    assert not self_swap_flags(3, tf.constant(0, tf.int64), 4, 0.0).numpy().any()
    alone = np.array([self_swap_flags(3, tf.constant(b, tf.int64), 1, 0.2).numpy() for b in range(200)])
    assert 0.1 < alone.mean() < 0.3  # forced, a batch of one would never swap


def test_goes_on_from_any_batch(shards: Path) -> None:
    straight = batches(shards, 16, augmentation=JITTER)
    for batch in (1, 5, 6, 11, 13):
        assert_equal(
            straight[batch:], batches(shards, 16 - batch, start_sample=4 * batch, augmentation=JITTER)
        )


def test_skipped_pictures_are_not_decoded(make_shards, shards: Path, tmp_path: Path) -> None:
    whole = batches(shards, 5)
    # break every record but those of the last batch and the one before it: only those may be decoded
    needed = {f"{i}.png#0" for i in [*told(whole[4]["target"]), told(whole[3]["target"])[-1]]}
    for file in shards.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    for file in tmp_path.glob("train-*"):
        records = list(tf.data.TFRecordDataset(str(file)).as_numpy_iterator())
        with tf.io.TFRecordWriter(str(file)) as writer:
            for record in records:
                example = tf.train.Example.FromString(record)
                features = example.features.feature
                if features["name"].bytes_list.value[0].decode() not in needed:
                    features["picture"].bytes_list.value[0] = b"x" * len(
                        features["picture"].bytes_list.value[0]
                    )
                writer.write(example.SerializeToString(deterministic=True))
    dataset = build_dataset(tmp_path, "train", 16, 4, 5, start_sample=16)
    options = tf.data.Options()
    options.autotune.enabled = False
    first = next(iter(dataset.with_options(options)))
    np.testing.assert_array_equal(first["target"], whole[4]["target"])
    with pytest.raises(tf.errors.InvalidArgumentError):
        next(iter(build_dataset(tmp_path, "train", 16, 4, 5)))


@pytest.mark.parametrize("workers", [2, 4])
def test_workers_slices_make_the_global_batch(shards: Path, workers: int) -> None:
    whole = batches(shards, 7, augmentation=JITTER, start_sample=8)
    parts = [
        batches(shards, 7, augmentation=JITTER, start_sample=8, worker_index=w, worker_count=workers)
        for w in range(workers)
    ]
    joined = [{k: np.concatenate([p[i][k] for p in parts]) for k in whole[i]} for i in range(7)]
    assert_equal(whole, joined)


def test_embeddings_beside_the_shards_go_with_their_pictures(shards: Path, tmp_path: Path) -> None:
    for file in shards.glob("train-*"):
        numbers = [told(decode_crop(parse_record(r)["picture"]).numpy()[None] / 127.5 - 1)[0]
                   for r in tf.data.TFRecordDataset(str(file))]  # fmt: skip
        with tf.io.TFRecordWriter(str(tmp_path / file.name)) as writer:
            for number in numbers:
                writer.write(np.array([number, -number], "<f4").tobytes())
    embeddings = Companions(tmp_path, 8)
    plain = batches(shards, 8, augmentation=JITTER, start_sample=8)
    for batch, same in zip(
        batches(shards, 8, augmentation=JITTER, start_sample=8, embeddings=embeddings), plain, strict=True
    ):
        assert_equal([same], [batch])
    for batch in batches(shards, 8, embeddings=embeddings):
        for role in ("source", "target"):
            np.testing.assert_array_equal(batch[f"{role}_embedding"][:, 0], told(batch[role]))
            np.testing.assert_array_equal(batch[f"{role}_embedding"][:, 1], -batch[f"{role}_embedding"][:, 0])


def test_batch_larger_than_the_set_and_a_single_shard(make_shards) -> None:
    folder = make_shards(counts=(3,))
    got = batches(folder, 2, batch_size=8)
    seen = [i for b in got for i in told(b["target"])]
    assert [sorted(seen[i : i + 3]) for i in (0, 3, 6, 9)] == [[0, 1, 2]] * 4
    assert_equal(got[1:], batches(folder, 1, batch_size=8, start_sample=8))


def test_validation_split_and_smaller_size(shards: Path) -> None:
    (batch,) = batches(shards, 1, split="validation", batch_size=3, size_px=8)
    assert sorted(told(batch["target"])) == [22, 23, 24]
    index = told(batch["target"])[0]
    area = drawing(index, 16).reshape(8, 2, 8, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose((batch["target"][0] + 1) * 127.5, area, atol=0.51)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"size_px": 32}, "`size_px`"),
        ({"batch_size": 5, "worker_count": 2}, "`batch_size`"),
        ({"start_sample": 3}, "`start_sample`"),
        ({"worker_index": 1}, "`worker_index`"),
        ({"self_swap_probability": 1.5}, "`self_swap_probability`"),
    ],
)
def test_wrong_arguments_name_the_rule(shards: Path, changes: dict, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        batches(shards, 1, **changes)


def test_jpeg_records_stay_close() -> None:
    smooth = np.linspace(0, 255, 32 * 32 * 3).reshape(32, 32, 3).astype(np.uint8)
    decoded = decode_crop(tf.constant(encode_crop(smooth))).numpy().astype(int)
    assert np.abs(decoded - smooth).mean() < 1.5
    np.testing.assert_array_equal(decode_crop(tf.constant(encode_crop(smooth, None))), smooth)
