"""Writes the means of every slice as tables: for whom a model swaps well, and for whom it does not."""

from collections.abc import Sequence

from facedancer_tf.evaluation.evaluation import Evaluation, Row
from facedancer_tf.evaluation.judges import Judge
from facedancer_tf.evaluation.means import Mean
from facedancer_tf.evaluation.metrics import Metric, metric_groups
from facedancer_tf.evaluation.slices import SLICED
from facedancer_tf.evaluation.table import Table, cell


def sliced_tables(evaluation: Evaluation, judge: Judge, systems: Sequence[str]) -> list[Table]:
    """For each of the named systems a table by skin tone and, where pairs have groups, one by group."""
    by_key = {metric.key: metric for group in metric_groups(judge).values() for metric in group}
    metrics = [by_key[key] for key in SLICED]
    rows = {row.name: row for row in evaluation.rows}
    kinds = dict.fromkeys(one.by for one in evaluation.slices)
    return [_sliced_table(evaluation, rows[name], by, metrics) for name in systems for by in kinds]


def _sliced_table(evaluation: Evaluation, row: Row, by: str, metrics: Sequence[Metric]) -> Table:
    def cells(means: dict[str, Mean], pairs: int) -> list[str]:
        return [str(pairs), *(cell(metric, means[metric.key], pairs) for metric in metrics)]

    slices = [
        (f"{one.side} {one.name}", cells(means, len(one.indices)))
        for one, means in zip(evaluation.slices, row.slices, strict=True)
        if one.by == by
    ]
    heads = ["pairs", *(metric.heading for metric in metrics)]
    notes = ["how many pairs the slice has", *(metric.meaning for metric in metrics)]
    everyone = ("all", cells(row.means, len(evaluation.pair_set.pairs)))
    return Table(f"{row.name}, by {by} of source and of target", heads, notes, [everyone, *slices])
