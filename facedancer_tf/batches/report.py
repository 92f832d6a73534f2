"""Writes report.csv into the output folder: what became of each target of the last run.

Names come from people's files, and tables are opened in spreadsheets, so its cells are no formulas (`csv_text`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from facedancer_tf.errors import UserError
from facedancer_tf.shown_text import csv_text
from facedancer_tf.writing import write_text

REPORT = "report.csv"
COLUMNS = ("target", "output", "state", "reason", "likeness_before", "likeness_after", "notes")
State = Literal["done", "skipped", "failed"]


@dataclass(frozen=True)
class Row:
    """What became of one target: state "done" now, "skipped" (done by an earlier run) or "failed", with the reason.

    output: the path of the result below the folder. before, after: the mean likeness of the swapped faces to the
    source, a cosine; None where it was not measured. notes: sentences about the result.
    """

    target: str
    output: str
    state: State
    reason: str = ""
    before: float | None = None
    after: float | None = None
    notes: tuple[str, ...] = ()


def check_report(folder: Path) -> None:
    """Raises UserError where a file of the report's name is there that is no report."""
    path = folder / REPORT
    try:
        with path.open("rb") as file:
            first = file.read(200).splitlines()[:1]
    except FileNotFoundError:
        return
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error})", "unreadable") from error
    if first != [",".join(COLUMNS).encode()]:
        raise UserError(f"{path} is no report of this program and would be overwritten; name another folder")


def write_report(folder: Path, rows: Iterable[Row]) -> None:
    """Writes the report; raises UserError where the disk refuses."""
    table: list[tuple[str, ...]] = [COLUMNS]
    for row in rows:
        numbers = ["" if number is None else f"{number:.3f}" for number in (row.before, row.after)]
        table.append((row.target, row.output, row.state, row.reason, *numbers, "; ".join(row.notes)))
    write_text(folder / REPORT, csv_text(table))
