"""Writes one shard so that kill -9 at any moment neither loses nor repeats a finished picture.

While the work goes on there are `<shard>.partial`, a TFRecord file that is flushed after every item, and
`<shard>.journal`, with one JSON line per item, written after that flush. To go on after a kill, records without a
journal line are dropped, the others are copied into a fresh partial file (TFRecordWriter cannot append), and the work
resumes after them. A finished shard is moved to its name and leaves `<shard>.report`, which says what became of each
item that gave nothing.
"""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from data.folders import Item
from data.locks import only_one
from data.manifest import Shard, write_json
from data.preparing.face_records import Outcome
from data.preparing.shard_plan import ShardPlan

PROGRESS = ".progress"

# Called with the number of items that are done since the last call, and whether they were made now (else they were
# done before).
OnItems = Callable[[int, bool], None]


@dataclass(frozen=True)
class ShardReport:
    """A finished shard, its number of items, and the items' names by the reason why something was left out.

    traits: how many items have each value of each trait (see `Outcome`).
    """

    shard: Shard
    items: int
    reasons: dict[str, list[str]]
    traits: dict[str, dict[str, int]]


def finished_report(folder: Path, plan: ShardPlan) -> ShardReport | None:
    """Reads the report of a finished shard; returns None for a shard that is not finished."""
    path = folder / PROGRESS / f"{plan.name}.report"
    if not path.is_file():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    report = ShardReport(
        Shard(**content["shard"]), content["items"], content["reasons"], content.get("traits", {})
    )
    final, partial = folder / plan.name, folder / PROGRESS / f"{plan.name}.partial"
    for candidate in (final, partial):
        if candidate.is_file() and candidate.stat().st_size == report.shard.bytes:
            if candidate == partial:  # killed between the report and the move
                os.replace(partial, final)
            return report
    return None


def make_shard(
    folder: Path, plan: ShardPlan, make: Callable[[Item], Outcome], on_items: OnItems
) -> ShardReport:
    """Makes one shard, or goes on making it, and reports its items to `on_items` (see `OnItems`)."""
    progress = folder / PROGRESS
    journal_path, partial = progress / f"{plan.name}.journal", progress / f"{plan.name}.partial"
    # A worker may outlive its killed run: it finishes its item before this one goes on.
    with only_one(progress / f"{plan.name}.lock", wait=True):
        if (report := finished_report(folder, plan)) is not None:
            on_items(report.items, False)
            return report
        entries = _read_journal(journal_path)
        records = _read_valid_records(partial, sum(entry["records"] for entry in entries))
        while sum(entry["records"] for entry in entries) > len(records):  # happens only after a power cut
            entries.pop()
        records = records[: sum(entry["records"] for entry in entries)]
        fresh = partial.with_suffix(".fresh")
        with tf.io.TFRecordWriter(str(fresh)) as writer:
            for record in records:
                writer.write(record)
            writer.flush()
            os.replace(fresh, partial)  # the writer goes on in the same, renamed file
            del records
            with _rewrite_journal(journal_path, entries) as journal:
                on_items(len(entries), False)
                for item in plan.items[len(entries) :]:
                    outcome = make(item)
                    for record in outcome.records:
                        writer.write(record)
                    writer.flush()
                    entries.append(
                        {
                            "item": item.name,
                            "records": len(outcome.records),
                            "reasons": list(outcome.reasons),
                            "traits": dict(outcome.traits),
                        }
                    )
                    journal.write(json.dumps(entries[-1]) + "\n")
                    journal.flush()
                    on_items(1, True)
        return _finish(folder, plan, entries)


def _finish(folder: Path, plan: ShardPlan, entries: list[dict[str, Any]]) -> ShardReport:
    progress = folder / PROGRESS
    partial = progress / f"{plan.name}.partial"
    with partial.open("rb") as file:
        os.fsync(file.fileno())
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    reasons: dict[str, list[str]] = {}
    for entry in entries:
        for reason in entry["reasons"]:
            reasons.setdefault(reason, []).append(entry["item"])
    traits: dict[str, dict[str, int]] = {}
    for entry in entries:
        for trait, value in entry.get("traits", {}).items():  # an earlier version wrote none
            values = traits.setdefault(trait, {})
            values[value] = values.get(value, 0) + 1
    count = sum(entry["records"] for entry in entries)
    shard = Shard(plan.name, plan.split, count, partial.stat().st_size, digest)
    report = ShardReport(shard, len(entries), reasons, traits)
    write_json(progress / f"{plan.name}.report", asdict(report))
    os.replace(partial, folder / plan.name)
    (progress / f"{plan.name}.journal").unlink()
    return report


def _read_journal(path: Path) -> list[dict[str, Any]]:
    """Reads the journal's whole lines; a last line that a kill cut short is dropped."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    entries: list[dict[str, Any]] = []
    for line in lines:
        try:
            entries.append(json.loads(line))
        except json.JSONDecodeError:  # happens only after a power cut
            break
    return entries


def _rewrite_journal(path: Path, entries: list[dict[str, Any]]) -> Any:
    """Writes the journal anew with exactly these entries, and leaves it open for more."""
    fresh = path.with_suffix(".fresh-journal")
    file = fresh.open("w", encoding="utf-8")
    for entry in entries:
        file.write(json.dumps(entry) + "\n")
    file.flush()
    os.replace(fresh, path)
    return file


def _read_valid_records(path: Path, count: int) -> list[bytes]:
    """Reads at most `count` whole records from the start of a partial file."""
    records: list[bytes] = []
    if not path.is_file() or count == 0:
        return records
    try:
        for record in tf.data.TFRecordDataset(str(path)).take(count):
            records.append(record.numpy())
    except tf.errors.DataLossError:  # the record that was being written when the run was killed
        pass
    return records
