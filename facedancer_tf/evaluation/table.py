"""Writes an evaluation as captions and tables, for terminals and for the page."""

from collections.abc import Sequence
from dataclasses import dataclass

from facedancer_tf.evaluation.evaluation import Evaluation
from facedancer_tf.evaluation.frechet import Frechet
from facedancer_tf.evaluation.judges import Judge
from facedancer_tf.evaluation.means import Mean
from facedancer_tf.evaluation.metrics import Metric, metric_groups


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
    """The tables of `metric_groups`, and one of Fréchet distances."""
    pairs = len(evaluation.pair_set.pairs)
    all_tables = []
    for title, metrics in metric_groups(judge).items():
        rows = [
            (row.name, [cell(metric, row.means[metric.key], pairs) for metric in metrics])
            for row in evaluation.rows
        ]
        heads, notes = [metric.heading for metric in metrics], [metric.meaning for metric in metrics]
        all_tables.append(Table(title, heads, notes, rows))
    frechet = evaluation.rows[0].frechet
    distances = [(row.name, [frechet_cell(row.frechet[name]) for name in frechet]) for row in evaluation.rows]
    notes = [
        f"{kind.meaning}; in brackets how many swapped faces, and how many of the gallery"
        for kind in frechet.values()
    ]
    heads = [f"{name} ↓" for name in frechet]
    return [*all_tables, Table("Distance to the gallery's faces as a whole", heads, notes, distances)]


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
    widths = [
        max(len(text) for text in (head, *(cells[i] for _, cells in table.rows)))
        for i, head in enumerate(table.heads)
    ]
    first = max(len(name) for name, _ in table.rows)
    lines = [(" " * first, table.heads), *((name.ljust(first), cells) for name, cells in table.rows)]
    body = [
        "  ".join([name, *(text.rjust(width) for text, width in zip(cells, widths, strict=True))]).rstrip()
        for name, cells in lines
    ]
    return "\n".join([table.title, "-" * max(map(len, body)), *body])
