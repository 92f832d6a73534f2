"""Shows text that comes from disks and files: a terminal would obey some of its characters, a spreadsheet formulas."""

import contextlib
import csv
import io
import sys
from collections.abc import Iterable
from typing import TextIO

from data.printable import printable

_FORMULA = tuple("=+-@＝＋－＠")  # a tab would begin one too, but becomes an escape


def say(*lines: str, stream: TextIO | None = None) -> None:
    """Prints each of `lines` as one line that is `printable`, to `stream` (stdout), at once."""
    for line in lines:
        print(printable(line), file=sys.stdout if stream is None else stream, flush=True)


def csv_text(rows: Iterable[Iterable[str]]) -> str:
    """The rows as a CSV table that a spreadsheet and a terminal may show: printable, and no cell is a formula."""
    lines = io.StringIO(newline="")
    csv.writer(lines).writerows(map(cell, row) for row in rows)
    return lines.getvalue()


def cell(text: str) -> str:
    """The text, printable; with an apostrophe before it where it would begin a formula, and is no number."""
    if text.startswith(_FORMULA):
        with contextlib.suppress(ValueError):
            float(text)
            return text
        text = f"'{text}"
    return printable(text)
