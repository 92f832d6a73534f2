"""Tests the order of the stream: nothing distinguishes it from chance, and only the requested records are read."""

import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from data.manifest import Shard
from data.record_index import DamagedShard, index_shards
from data.stream import record_at, stream_records

SHARDS, EACH, EPOCHS = 16, 200, 4
TOTAL = SHARDS * EACH


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Shard, ...]]:
    """16 shards of 200 records, of a few bytes to some hundred; each begins with its number."""
    folder, shards = tmp_path_factory.mktemp("numbered"), []
    for shard in range(SHARDS):
        name = f"train-{shard:05d}"
        with tf.io.TFRecordWriter(str(folder / name)) as writer:
            for number in range(shard * EACH, (shard + 1) * EACH):
                writer.write(str(number).encode() + b" " * (number % 300))
        shards.append(Shard(name, "train", EACH, (folder / name).stat().st_size, ""))
    return folder, tuple(shards)


def epochs_read(numbered: tuple[Path, tuple[Shard, ...]], seed: int) -> np.ndarray:
    """The numbers int [EPOCHS, TOTAL] in the order of the stream."""
    positions = tf.data.Dataset.range(0, EPOCHS * TOTAL, 128).map(lambda i: i + tf.range(128, dtype=tf.int64))
    read = stream_records(*numbered, seed, positions)
    return np.array([int(record) for record in read.as_numpy_iterator()]).reshape(EPOCHS, TOTAL)


def test_a_place_says_nothing_of_the_next_epochs_and_everybody_meets_everybody(numbered) -> None:
    numbers = epochs_read(numbered, seed=3)
    np.testing.assert_array_equal(np.sort(numbers, axis=1), np.tile(np.arange(TOTAL), (EPOCHS, 1)))
    places = np.argsort(numbers, axis=1)
    between = np.asarray(np.corrcoef(places))[np.triu_indices(EPOCHS, 1)]
    assert np.abs(between).max() < 0.1  # windows of shards read in lockstep had .90
    assert (
        abs(np.corrcoef(numbers[0, :-1], numbers[0, 1:])[0, 1]) < 0.1
    )  # a source says nothing of its target
    # The share of one thousand records of an epoch that meet in one thousand again; with windows it was 1.
    thousand = places // 1000
    again = [np.mean((row[:, None] == row) & (other[:, None] == other)) / np.mean(row[:, None] == row)
             for row, other in pairwise(thousand)]  # fmt: skip
    by_chance = np.mean(thousand[0][:, None] == thousand[0])
    np.testing.assert_allclose(again, by_chance, atol=0.01)


def test_orders_of_a_large_set_are_unrelated() -> None:
    total = 100_000
    positions = tf.range(4 * total, dtype=tf.int64)
    for orders in (
        record_at(0, total, positions).numpy().reshape(4, total),
        np.stack([record_at(seed, total, positions[:total]).numpy() for seed in range(4)]),
    ):
        assert np.abs(np.corrcoef(orders)[np.triu_indices(4, 1)]).max() < 0.02  # with four rounds: up to .38
        neighbours = orders[:, :-1].astype(np.int64) * total + orders[:, 1:]
        assert all(
            len(np.intersect1d(a, b)) < 10 for a, b in pairwise(neighbours)
        )  # with four rounds: 11 and 155


@pytest.mark.parametrize("total", [65_536, 65_537, 65_538, 131_073, 262_145])
def test_every_size_of_set_is_permuted(total: int) -> None:
    """TensorFlow's own shuffle gives one index twice, another never, where the last is a power of four from 2^16 on."""
    for epoch in (-1, 0, 5):
        order = record_at(3, total, epoch * total + tf.range(total, dtype=tf.int64)).numpy()
        np.testing.assert_array_equal(np.sort(order), np.arange(total))


def test_positions_before_the_first_and_sets_of_one() -> None:
    order = record_at(7, 5, tf.range(-5, 10, dtype=tf.int64)).numpy().reshape(3, 5)
    np.testing.assert_array_equal(np.sort(order, axis=1), np.tile(np.arange(5), (3, 1)))
    np.testing.assert_array_equal(record_at(7, 1, tf.constant([-1, 0, 1], tf.int64)), [0, 0, 0])


def test_index_holds_where_records_begin(numbered) -> None:
    folder, shards = numbered
    offsets = index_shards(folder, shards).reshape(SHARDS, EACH)
    for number, (shard, begins) in enumerate(zip(shards, offsets, strict=True)):
        content = (folder / shard.name).read_bytes()
        length = [int.from_bytes(content[at : at + 8], "little") for at in begins]
        records = [content[at + 12 : at + 12 + n] for at, n in zip(begins, length, strict=True)]
        assert [int(record) for record in records] == list(range(number * EACH, (number + 1) * EACH))


@pytest.mark.parametrize(
    "damage",
    [lambda content: content[:-7], lambda content: content + content[:32], lambda content: b"\xff" * 16 + content[16:]],
    ids=["cut off", "a record too many", "a length of nonsense"],
)  # fmt: skip
def test_a_shard_without_its_records_is_named(numbered, tmp_path: Path, damage) -> None:
    folder, shards = numbered
    (tmp_path / shards[1].name).write_bytes(damage((folder / shards[1].name).read_bytes()))
    with pytest.raises(DamagedShard, match=f"{shards[1].name} must hold 200 whole records"):
        index_shards(tmp_path, shards[1:2])


def test_a_shard_that_is_cut_between_two_records_after_it_was_indexed_is_no_shorter_stream(
    tmp_path: Path,
) -> None:
    path = tmp_path / "train-00000"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for number in range(4):
            writer.write(str(number).encode())
    size = path.stat().st_size
    positions = tf.data.Dataset.from_tensors(tf.range(4, dtype=tf.int64))
    read = stream_records(tmp_path, (Shard(path.name, "train", 4, size, ""),), 0, positions)
    os.truncate(path, size // 2)
    with pytest.raises(tf.errors.FailedPreconditionError, match="expected to contain 1 element"):
        list(read)
