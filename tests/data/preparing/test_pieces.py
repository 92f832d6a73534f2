"""Tests that pieces make the same shard however it was divided, and that what is damaged is made anew."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import tensorflow as tf

from data.folders import Item
from data.preparing.face_records import Outcome
from data.preparing.finished_shards import ShardReport, finish_shard, finished_report
from data.preparing.pieces import (
    PROGRESS,
    DamagedPiece,
    Piece,
    Span,
    find_pieces,
    make_piece,
    missing_pieces,
    read_piece,
    write_piece,
)
from data.preparing.shard_plan import ShardPlan

ITEMS = tuple(Item(f"item{i}", "label", str(i)) for i in range(7))
PLAN = ShardPlan("train-0.tfrecord", "train", ITEMS)


def make(item: Item) -> Outcome:
    """Item i gives i % 3 records, with a trait, or else a reason."""
    count = int(item.where) % 3
    records = tuple(f"{item.name}-{k}".encode() * 50 for k in range(count))
    return Outcome(records, () if count else ("none",), {"records": str(count)} if count else {})


def piece(first: int, last: int) -> Piece:
    return Piece(PLAN.name, first, ITEMS[first:last])


def finished(folder: Path, spans: Sequence[Span]) -> ShardReport:
    (folder / PROGRESS).mkdir(parents=True, exist_ok=True)
    for span in spans:
        made = piece(span.first, span.last)
        write_piece(folder, made.name, make_piece(made, make))
    return finish_shard(folder, PLAN, find_pieces(folder)[PLAN.name])


@pytest.mark.parametrize(
    "spans",
    [[Span(0, 7)], [Span(i, i + 1) for i in range(7)], [Span(0, 2), Span(0, 1), Span(1, 2), Span(2, 7)]],
)
def test_any_division_gives_the_same_shard(spans: list[Span], tmp_path: Path) -> None:
    whole = finished(tmp_path / "whole", [Span(0, 7)])
    report = finished(tmp_path / "divided", spans)
    assert report == whole == finished_report(tmp_path / "divided", PLAN)
    assert report.reasons == {"none": ["item0", "item3", "item6"]}
    assert report.traits == {"records": {"1": 2, "2": 2}}
    assert (report.items, report.shard.count) == (7, 6)
    contents = {(tmp_path / name / PLAN.name).read_bytes() for name in ("whole", "divided")}
    assert len(contents) == 1
    assert [r.numpy()[:7] for r in tf.data.TFRecordDataset(str(tmp_path / "divided" / PLAN.name))] == [
        b"item1-0", b"item2-0", b"item2-1", b"item4-0", b"item5-0", b"item5-1",
    ]  # fmt: skip
    assert find_pieces(tmp_path / "divided") == {}


def test_missing_pieces_are_those_between_the_finished_ones() -> None:
    spans = [Span(4, 5), Span(1, 3), Span(1, 2)]
    missing = missing_pieces(PLAN.name, ITEMS, spans, 2)
    assert [part.span for part in missing] == [Span(0, 1), Span(3, 4), Span(5, 7)]
    assert missing_pieces(PLAN.name, ITEMS, [], 100) == [piece(0, 7)]
    assert [part.span for part in piece(3, 5).parts()] == [Span(3, 4), Span(4, 5)]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content[:40],
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        lambda content: content.replace(b'"items": 7', b'"items": -1'),
        lambda content: content.replace(b'"items": 7', b'"items": "7"'),
        lambda content: content.replace(b'"traits"', b'"trials"'),
        lambda content: b"[" * 100_000 + content,
        lambda _: b"",
    ],
)
def test_a_damaged_piece_is_deleted_and_missing_again(damage: object, tmp_path: Path) -> None:
    (tmp_path / PROGRESS).mkdir()
    content = make_piece(piece(0, 7), make)
    read_piece(content)
    write_piece(tmp_path, piece(0, 7).name, damage(content))  # type: ignore[operator]
    with pytest.raises(DamagedPiece):
        finish_shard(tmp_path, PLAN, [Span(0, 7)])
    assert find_pieces(tmp_path) == {}
    assert not list(tmp_path.glob("*.tfrecord"))
    assert [path.name for path in tmp_path.iterdir()] == [PROGRESS]  # nothing half-written


def test_a_finished_shard_is_known_by_its_content(tmp_path: Path) -> None:
    report = finished(tmp_path, [Span(0, 7)])
    shard, kept = tmp_path / PLAN.name, tmp_path / PROGRESS / f"{PLAN.name}.report"
    content, text = shard.read_bytes(), kept.read_text()
    assert finished_report(tmp_path, PLAN) == report
    shard.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])  # one bit, as many bytes
    assert finished_report(tmp_path, PLAN) is None
    shard.write_bytes(content)
    assert finished_report(tmp_path, replace(PLAN, items=ITEMS[:6])) is None
    for broken in ("", "[]", text.replace('"items": 7', '"items": "7"'), json.dumps({"shard": {}})):
        kept.write_text(broken)
        assert finished_report(tmp_path, PLAN) is None
    kept.write_text(text)
    assert finished_report(tmp_path, PLAN) == report
    shard.unlink()
    assert finished_report(tmp_path, PLAN) is None
