"""Puts a shard together from its pieces, and finds again what is finished, each by its checksum."""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from data.manifest import Shard, is_shard, write_json
from data.preparing.pieces import (
    PROGRESS,
    DamagedPiece,
    Receipt,
    Span,
    is_receipt,
    piece_name,
    read_piece,
    without_overlaps,
)
from data.preparing.shard_plan import ShardPlan
from data.whole_files import whole_file


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
    """Reads the report of a finished shard; None where it is not finished, or its file is not the one that was made."""
    try:
        content = json.loads((folder / PROGRESS / f"{plan.name}.report").read_text(encoding="utf-8"))
        content.setdefault("traits", {})  # an earlier version wrote none
        if not _is_report(content, plan):
            return None
        report = ShardReport(**{**content, "shard": Shard(**content["shard"])})
        with (folder / plan.name).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            sound = (
                size == report.shard.bytes and file_digest(file, "sha256").hexdigest() == report.shard.sha256
            )
    except (FileNotFoundError, ValueError, RecursionError, AttributeError):
        return None
    return report if sound else None


def finish_shard(folder: Path, plan: ShardPlan, spans: Iterable[Span]) -> ShardReport:
    """Writes a shard from its finished pieces, then its report, and deletes the pieces.

    Raises DamagedPiece where one is damaged, which is then deleted, and OSError where the disk refuses.
    """
    progress = folder / PROGRESS
    paths = [progress / piece_name(plan.name, span) for span in without_overlaps(spans)]
    digest, size, receipt = sha256(), 0, Receipt()
    with whole_file(folder / plan.name, durable=True) as file:
        for path in paths:
            part, framed = _read(path)
            file.write(framed)
            digest.update(framed)
            size += len(framed)
            receipt = receipt.plus(part)
    shard = Shard(plan.name, plan.split, receipt.records, size, digest.hexdigest())
    report = ShardReport(shard, receipt.items, receipt.reasons, receipt.traits)
    write_json(progress / f"{plan.name}.report", asdict(report))
    for span in spans:
        (progress / piece_name(plan.name, span)).unlink(missing_ok=True)
    return report


def _read(path: Path) -> tuple[Receipt, bytes]:
    try:
        return read_piece(path.read_bytes())
    except FileNotFoundError as error:
        raise DamagedPiece(f"{path} is gone") from error
    except DamagedPiece:
        path.unlink()
        raise


def _is_report(content: Any, plan: ShardPlan) -> bool:
    """Whether every entry of a report is there, of its type, and of this shard."""
    return (
        isinstance(content, dict)
        and content.keys() == {field.name for field in fields(ShardReport)}
        and is_shard(content["shard"])
        and (content["shard"]["name"], content["shard"]["split"]) == (plan.name, plan.split)
        and content["items"] == len(plan.items)
        and is_receipt(content["reasons"], content["traits"])
    )
