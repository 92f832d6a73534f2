"""Reads a table with named columns from a CSV file, with the number of each row's last line, for errors to name."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

COMMENT = "#"  # begins a first line that says from what a program made the file
FILE_MAX_BYTES = 2**28
CELL_MAX = 4096  # characters: no path is longer


class UnreadableTable(ValueError):
    """A file is no such table; the message names it."""


@dataclass(frozen=True)
class Table:
    """The rows of a file below the line of columns, each with its line number and its cells by column; and its bytes.

    made_from: what a first line that is a comment says, "" without such a line.
    """

    rows: list[tuple[int, dict[str, str]]]
    content: bytes
    made_from: str


def read_table(path: Path, columns: tuple[str, ...], optional: tuple[str, ...] = ()) -> Table:
    """Reads a table that has `columns` at least; every row has a value for them, and for those of `optional` it has.

    Empty lines do not count. Raises UnreadableTable, in one sentence, for all else.
    """
    content = _read(path)
    try:
        lines = list(io.StringIO(content.decode("utf-8-sig"), newline=""))
        comments = 1 if lines and lines[0].startswith(COMMENT) else 0
        reader = csv.DictReader(lines[comments:], restval="")
        rows = [(reader.line_num + comments, row) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnreadableTable(f"{path} cannot be read as a CSV file: {error}") from error
    names = reader.fieldnames or ()
    if not rows or not set(columns) <= set(names):
        raise UnreadableTable(
            f"{path} must have the columns {' and '.join(columns)}, and at least one line below them"
        )
    filled = [name for name in (*columns, *optional) if name in names]
    for line, row in rows:
        if None in row:
            raise UnreadableTable(f"{path}, line {line}: it has more cells than there are columns")
        if any("\0" in cell or len(cell) > CELL_MAX for cell in row.values()):
            raise UnreadableTable(
                f"{path}, line {line}: a cell must be a text of at most {CELL_MAX} characters, without zero bytes"
            )
        if not all(row[name] for name in filled):
            raise UnreadableTable(f"{path}, line {line}: it needs a value for each of {', '.join(filled)}")
    made_from = lines[0].lstrip(COMMENT).strip() if comments else ""
    return Table(rows, content, made_from)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(FILE_MAX_BYTES + 1)
    except OSError as error:
        raise UnreadableTable(f"{path} cannot be read as a CSV file: {error.strerror or error}") from error
    if len(content) > FILE_MAX_BYTES:
        raise UnreadableTable(f"{path} is too large for a table: more than {FILE_MAX_BYTES:,} bytes")
    return content
