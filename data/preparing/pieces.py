"""Makes a few items' records at a time, each piece by itself: a kill loses the pieces that are not finished, no other.

A piece of a shard is one file, which follows from its items and settings alone: a line of JSON, its receipt, which says
what became of the items, and then the records, framed as in a TFRecord file. So the pieces' records, one after the
other, are the shard. A piece's name says which items it has. Any partition into pieces gives the same shard.
"""

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from hashlib import sha256
from pathlib import Path
from typing import Any

import tensorflow as tf

from data.folders import Item
from data.manifest import is_count
from data.preparing.face_records import Outcome
from data.whole_files import whole_file

PROGRESS = ".progress"
_NAME = re.compile(r"([\w-]+\.tfrecord)\.(\d{5})-(\d{5})\.piece", re.ASCII)


class DamagedPiece(ValueError):
    """A piece's file is not whole, and the piece is to be made anew."""


@dataclass(frozen=True, order=True)
class Span:
    """Items `first` to `last` (not included) of a shard."""

    first: int
    last: int


@dataclass(frozen=True)
class Piece:
    """Some items of the shard called `shard`, from its item number `first` on."""

    shard: str
    first: int
    items: tuple[Item, ...]

    @property
    def span(self) -> Span:
        """Which items of the shard they are."""
        return Span(self.first, self.first + len(self.items))

    @property
    def name(self) -> str:
        """The name of its file."""
        return piece_name(self.shard, self.span)

    def parts(self) -> list["Piece"]:
        """Pieces of one item each."""
        return [Piece(self.shard, self.first + number, (item,)) for number, item in enumerate(self.items)]


@dataclass(frozen=True)
class Receipt:
    """What became of items: their number, that of their records, and the names of those that lack one, by reason.

    traits: how many items have each value of each trait (see `Outcome`).
    """

    items: int = 0
    records: int = 0
    reasons: dict[str, list[str]] = field(default_factory=dict)
    traits: dict[str, dict[str, int]] = field(default_factory=dict)

    def plus(self, other: "Receipt") -> "Receipt":
        """The receipt of these items and then those of `other`."""
        reasons = {reason: list(names) for reason, names in self.reasons.items()}
        traits = {trait: dict(counts) for trait, counts in self.traits.items()}
        for reason, names in other.reasons.items():
            reasons.setdefault(reason, []).extend(names)
        for trait, counts in other.traits.items():
            values = traits.setdefault(trait, {})
            for value, count in counts.items():
                values[value] = values.get(value, 0) + count
        return Receipt(self.items + other.items, self.records + other.records, reasons, traits)


def piece_name(shard: str, span: Span) -> str:
    """The name of a piece's file."""
    return f"{shard}.{span.first:05d}-{span.last:05d}.piece"


_HEAD = {field.name for field in fields(Receipt)} | {"bytes", "sha256"}


def make_piece(piece: Piece, make: Callable[[Item], Outcome]) -> bytes:
    """The content of a piece's file; `make` makes the records of an item."""
    return piece_of([(item.name, make(item)) for item in piece.items])


def piece_of(outcomes: Sequence[tuple[str, Outcome]]) -> bytes:
    """The content of a piece's file, from what became of each item, by name."""
    receipt = Receipt()
    for name, outcome in outcomes:
        traits = {trait: {value: 1} for trait, value in outcome.traits.items()}
        reasons: dict[str, list[str]] = {}
        for reason in outcome.reasons:
            reasons.setdefault(reason, []).append(name)
        receipt = receipt.plus(Receipt(1, len(outcome.records), reasons, traits))
    framed = _framed(record for _, outcome in outcomes for record in outcome.records)
    head = {**asdict(receipt), "bytes": len(framed), "sha256": sha256(framed).hexdigest()}
    return json.dumps(head, sort_keys=True).encode("ascii") + b"\n" + framed


def read_piece(content: bytes) -> tuple[Receipt, bytes]:
    """The receipt and the framed records of a piece's file; raises DamagedPiece where it is not whole."""
    line, _, framed = content.partition(b"\n")
    try:
        head: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DamagedPiece(f"its receipt cannot be read ({error})") from error
    if not isinstance(head, dict) or head.keys() != _HEAD or not is_receipt(head["reasons"], head["traits"]):
        raise DamagedPiece("its receipt is not as it was written")
    if not is_count(head["items"]) or not is_count(head["records"]):
        raise DamagedPiece("its receipt has no numbers of items and records")
    if len(framed) != head.pop("bytes") or sha256(framed).hexdigest() != head.pop("sha256"):
        raise DamagedPiece("its records are not those of its receipt")
    return Receipt(**head), framed


def is_receipt(reasons: Any, traits: Any) -> bool:
    """Whether these, from a file, are of the types that a `Receipt` has."""
    return (
        isinstance(reasons, dict)
        and all(
            isinstance(names, list) and all(isinstance(name, str) for name in names)
            for names in reasons.values()
        )
        and isinstance(traits, dict)
        and all(
            isinstance(counts, dict) and all(map(is_count, counts.values())) for counts in traits.values()
        )
    )


def write_piece(folder: Path, name: str, content: bytes) -> None:
    """Writes a piece into the progress of `folder`; whoever writes it again writes the same."""
    with whole_file(folder / PROGRESS / name) as file:
        file.write(content)


def find_pieces(folder: Path) -> dict[str, list[Span]]:
    """The finished pieces in the progress of `folder`, by shard."""
    spans: dict[str, list[Span]] = {}
    for entry in os.scandir(folder / PROGRESS):
        if match := _NAME.fullmatch(entry.name):
            spans.setdefault(match[1], []).append(Span(int(match[2]), int(match[3])))
    return spans


def without_overlaps(spans: Iterable[Span]) -> list[Span]:
    """The spans in order, without those that begin within another: a piece may be there whole and divided."""
    apart: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.first, -span.last)):
        if not apart or span.first >= apart[-1].last:
            apart.append(span)
    return apart


def missing_pieces(shard: str, items: Sequence[Item], spans: Iterable[Span], size: int) -> list[Piece]:
    """The pieces of at most `size` items that a shard with these `items` lacks beside the finished `spans`."""
    pieces, at = [], 0
    for span in [*without_overlaps(spans), Span(len(items), len(items))]:
        for start in range(at, span.first, size):
            pieces.append(Piece(shard, start, tuple(items[start : min(start + size, span.first)])))
        at = span.last
    return pieces


def _framed(records: Iterable[bytes]) -> bytes:
    """Records as they stand in a TFRecord file."""
    with tempfile.NamedTemporaryFile(prefix="facedancer_tf_", suffix=".tfrecord") as file:
        with tf.io.TFRecordWriter(file.name) as writer:
            for record in records:
                writer.write(record)
        return Path(file.name).read_bytes()
