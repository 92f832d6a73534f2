"""Reads and writes CSV files of pairs: the columns source and target; optionally ids and groups of both.

Paths are relative to the file. If a program made the file, the first line begins with "#" and says from what. A group
is whatever the user wants to compare: origin, sex, age, glasses.
"""

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from data.csv_rows import COMMENT, UnreadableTable, read_table
from data.printable import printable
from facedancer_tf.errors import UserError
from facedancer_tf.evaluation.pairs import Pair, Photograph
from facedancer_tf.shown_text import cell
from facedancer_tf.writing import write_text

COLUMNS = ("source", "target", "source_id", "target_id", "source_group", "target_group")


@dataclass(frozen=True)
class PairsFile:
    """The pairs of a file. sha256: of its content. made_from: what its first line says, "" without such a line."""

    pairs: list[Pair]
    sha256: str
    made_from: str


def read_pairs_csv(path: Path) -> PairsFile:
    """Reads the file. Two paths of one picture give one photograph.

    A picture without an id is a person of its own. Raises UserError for a file that is no such table, for a pair of one
    person, and for a picture with two ids or two groups.
    """
    try:
        table = read_table(path, ("source", "target"))
    except UnreadableTable as error:
        raise UserError(str(error), "unreadable") from error
    photographs: dict[str, Photograph] = {}
    pairs = []
    for line, row in table.rows:
        sides = []
        for side in ("source", "target"):
            picture, identity = path.parent / row[side], row.get(f"{side}_id")
            group = row.get(f"{side}_group", "").strip()
            place = os.path.realpath(picture)
            photograph = photographs.setdefault(place, Photograph(picture, identity or row[side], group))
            if identity and identity != photograph.identity:
                raise UserError(
                    f"{path}, line {line}: {row[side]} shows {identity}, but {photograph.identity} above"
                )
            if group != photograph.group:
                raise UserError(
                    f"{path}, line {line}: {row[side]} must have one group in all lines. Received: {group!r}, but "
                    f"{photograph.group!r} above"
                )
            sides.append(photograph)
        if sides[0].identity == sides[1].identity:
            raise UserError(f"{path}, line {line}: source and target are one person, {sides[0].identity}")
        pairs.append(Pair(*sides))
    return PairsFile(pairs, sha256(table.content).hexdigest(), table.made_from)


def write_pairs_csv(path: Path, pairs: Sequence[Pair], made_from: str) -> None:
    """Writes what `read_pairs_csv` reads; pictures below the file's folder are named relative to it."""

    def place(picture: Path) -> str:
        inside = picture.resolve().is_relative_to(path.parent.resolve())
        # With the folder before it no name begins a formula of a spreadsheet.
        return (
            f"./{picture.resolve().relative_to(path.parent.resolve())}" if inside else str(picture.resolve())
        )

    lines = io.StringIO(newline="")
    lines.write(f"{COMMENT} {printable(' '.join(made_from.split()))}\r\n")
    writer = csv.writer(lines)
    writer.writerow(COLUMNS)
    for pair in pairs:
        source, target = pair.source, pair.target
        words = [source.identity, target.identity, source.group, target.group]
        writer.writerow([place(source.path), place(target.path), *map(cell, words)])
    write_text(path, lines.getvalue())
