"""Writes an evaluation as captions and tables, for terminals and for the page."""

from collections.abc import Sequence
from dataclasses import dataclass

from data.printable import printable
from facedancer_tf.evaluation.evaluation import Evaluation, Row
from facedancer_tf.evaluation.frechet import Frechet
from facedancer_tf.evaluation.judges import Judge
from facedancer_tf.evaluation.means import Mean
from facedancer_tf.evaluation.metrics import Metric, metric_groups
from facedancer_tf.evaluation.slices import WORST_BY, WORST_PAIRS_MIN


@dataclass(frozen=True)
class Table:
    """A table. heads: of the columns. notes: what each column holds. rows: a name, and one cell for each column."""

    title: str
    heads: Sequence[str]
    notes: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]


def caption(about: dict[str, str]) -> str:
    """The text that says with what the numbers were measured; without it they say nothing."""
    return "\n".join(f"{name}: {text}" for name, text in about.items())


def tables(evaluation: Evaluation, judge: Judge) -> list[Table]:
    """The tables of `metric_groups`, the first with the worst slice; then one of Fréchet distances."""
    pairs = len(evaluation.pair_set.pairs)
    all_tables: list[Table] = []
    for title, metrics in metric_groups(judge).items():
        rows = [
            (row.name, [cell(metric, row.means[metric.key], pairs) for metric in metrics])
            for row in evaluation.rows
        ]
        heads, notes = [metric.heading for metric in metrics], [metric.meaning for metric in metrics]
        if not all_tables:
            rows = [
                (name, [*cells, worst_cell(evaluation, row)])
                for (name, cells), row in zip(rows, evaluation.rows, strict=True)
            ]
            heads.append("worst sources: ID %")
            notes.append(
                f"ID % of the slice of sources that is found least often, of those with {WORST_PAIRS_MIN} pairs or more"
            )
        all_tables.append(Table(title, heads, notes, rows))
    frechet = evaluation.rows[0].frechet
    distances = [(row.name, [frechet_cell(row.frechet[name]) for name in frechet]) for row in evaluation.rows]
    notes = [
        f"{kind.meaning}; in brackets how many swapped faces, and how many of the gallery"
        for kind in frechet.values()
    ]
    heads = [f"{name} ↓" for name in frechet]
    return [*all_tables, Table("Distance to the gallery's faces as a whole", heads, notes, distances)]


def worst_cell(evaluation: Evaluation, row: Row) -> str:
    """The name of the row's worst slice and how often it is found; "-" where no slice is large enough."""
    if row.worst is None:
        return "-"
    mean = row.slices[evaluation.slices.index(row.worst)][WORST_BY]
    number = f"{row.worst.name} {mean.mean:.1f}"
    if mean.low is not None and mean.high is not None:
        number += f" ±{(mean.high - mean.low) / 2:.1f}"
    return f"{number} (n={mean.count})"


def frechet_cell(frechet: Frechet) -> str:
    """The text of a Fréchet distance with the sizes of both sets, on which it depends."""
    number = "-" if frechet.distance is None else f"{frechet.distance:.4f}"
    return f"{number} ({frechet.swapped} x {frechet.real})"


def cell(metric: Metric, mean: Mean, pairs: int) -> str:
    """The mean with half the width of its 95 % interval, and the number of pairs where it is not all `pairs`."""
    if mean.mean is None:
        return "-"
    digits = metric.decimals
    number = f"{mean.mean:.{digits}f}"
    if mean.low is not None and mean.high is not None:
        number += f" ±{(mean.high - mean.low) / 2:.{digits}f}"
    return number if mean.count == pairs else f"{number} (n={mean.count})"


def as_text(table: Table) -> str:
    """The table for a terminal: names are aligned at the left, numbers at the right."""
    rows = [(printable(name), [printable(cell) for cell in cells]) for name, cells in table.rows]
    widths = [
        max(len(text) for text in (head, *(cells[i] for _, cells in rows)))
        for i, head in enumerate(table.heads)
    ]
    first = max(len(name) for name, _ in rows)
    lines = [(" " * first, table.heads), *((name.ljust(first), cells) for name, cells in rows)]
    body = [
        "  ".join([name, *(text.rjust(width) for text, width in zip(cells, widths, strict=True))]).rstrip()
        for name, cells in lines
    ]
    return "\n".join([table.title, "-" * max(map(len, body)), *body])
