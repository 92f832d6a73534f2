"""Tests the journal of a shard: wherever the work stops, every finished item is made exactly once."""

from collections import Counter
from pathlib import Path

import pytest
import tensorflow as tf

from data.folders import Item
from data.preparing.face_records import Outcome
from data.preparing.shard_plan import ShardPlan
from data.preparing.shard_writer import PROGRESS, ShardReport, finished_report, make_shard

PLAN = ShardPlan("train-0.tfrecord", "train", tuple(Item(f"item{i}", "label", str(i)) for i in range(7)))


class Stopped(Exception):
    """Stands for the kill."""


class Maker:
    """Item i gives i % 3 records, with a trait, or else a reason; counts its calls and stops where told."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.stop_at: str | None = None

    def __call__(self, item: Item) -> Outcome:
        if item.name == self.stop_at:
            raise Stopped
        self.calls[item.name] += 1
        count = int(item.where) % 3
        return Outcome(
            tuple(f"{item.name}-{k}".encode() * 50 for k in range(count)),
            () if count else ("none",),
            {"records": str(count)} if count else {},
        )


def run(folder: Path, maker: Maker, stop_at: str | None = None) -> ShardReport | None:
    (folder / PROGRESS).mkdir(exist_ok=True)
    maker.stop_at = stop_at
    done: list[int] = []
    try:
        report = make_shard(folder, PLAN, maker, lambda count, _: done.append(count))
    except Stopped:
        return None
    assert sum(done) == 7
    return report


@pytest.fixture
def whole(tmp_path: Path) -> bytes:
    folder = tmp_path / "whole"
    folder.mkdir()
    run(folder, Maker())
    return (folder / PLAN.name).read_bytes()


@pytest.mark.parametrize("tails", ["", "half"])
def test_every_item_is_made_once_however_often_it_stops(tmp_path: Path, whole: bytes, tails: str) -> None:
    maker = Maker()
    for stop in ("item0", "item2", "item2", "item5", "item6"):
        assert run(tmp_path, maker, stop) is None
        if tails:
            with (tmp_path / PROGRESS / f"{PLAN.name}.partial").open("ab") as partial:
                partial.write(b"\x20\x00\x00\x00\x00\x00\x00\x00 half a record")
            with (tmp_path / PROGRESS / f"{PLAN.name}.journal").open("a") as journal:
                journal.write('{"item": "it')
    report = run(tmp_path, maker)
    assert report is not None
    assert set(maker.calls.values()) == {1}
    assert (tmp_path / PLAN.name).read_bytes() == whole
    assert report.reasons == {"none": ["item0", "item3", "item6"]}
    assert report.traits == {"records": {"1": 2, "2": 2}}
    assert (report.items, report.shard.count, report.shard.bytes) == (7, 6, len(whole))
    assert run(tmp_path, maker) == report  # found finished
    assert sum(maker.calls.values()) == 7


def test_a_record_without_its_journal_line_is_made_again(tmp_path: Path, whole: bytes) -> None:
    maker = Maker()
    run(tmp_path, maker, "item5")
    journal = tmp_path / PROGRESS / f"{PLAN.name}.journal"
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:-1]))  # killed between the two
    run(tmp_path, maker)
    assert maker.calls["item4"] == 2
    assert (tmp_path / PLAN.name).read_bytes() == whole


def test_a_journal_ahead_of_the_records_is_cut_back(tmp_path: Path, whole: bytes) -> None:
    maker = Maker()
    run(tmp_path, maker, "item6")
    partial = tmp_path / PROGRESS / f"{PLAN.name}.partial"
    with partial.open("r+b") as file:
        file.truncate(partial.stat().st_size - 10)  # what a power cut may do
    run(tmp_path, maker)
    assert (tmp_path / PLAN.name).read_bytes() == whole


def test_killed_between_report_and_move(tmp_path: Path, whole: bytes) -> None:
    maker = Maker()
    run(tmp_path, maker)
    (tmp_path / PLAN.name).rename(tmp_path / PROGRESS / f"{PLAN.name}.partial")
    report = finished_report(tmp_path, PLAN)
    assert report is not None
    assert report.shard.count == 6
    assert (tmp_path / PLAN.name).read_bytes() == whole
    (tmp_path / PLAN.name).unlink()
    assert finished_report(tmp_path, PLAN) is None  # a shard that was lost is made again
    run(tmp_path, maker)
    assert (tmp_path / PLAN.name).read_bytes() == whole
    records = [r.numpy() for r in tf.data.TFRecordDataset(str(tmp_path / PLAN.name))]
    assert [r[:7] for r in records] == [
        b"item1-0",
        b"item2-0",
        b"item2-1",
        b"item4-0",
        b"item5-0",
        b"item5-1",
    ]
