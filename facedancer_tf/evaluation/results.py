"""Writes results.json (all means with their intervals) and results.csv (every number of every pair and system)."""

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from data.faces.skin_tone import tone_class
from facedancer_tf.evaluation.evaluation import Evaluation, Row
from facedancer_tf.evaluation.judges import Judge
from facedancer_tf.evaluation.metrics import metric_groups
from facedancer_tf.evaluation.output_folder import RESULTS
from facedancer_tf.shown_text import csv_text
from facedancer_tf.writing import write_text

TABLE = "results.csv"


def write_results(folder: Path, evaluation: Evaluation, judge: Judge, about: dict[str, str]) -> None:
    """Writes both files. NaN becomes null in results.json and an empty cell in results.csv.

    Pictures inside the current folder are named relative to it, so that files that are passed on do not show where
    the folder lies.
    """
    here = Path.cwd()

    def place(picture: Path) -> str:
        return str(picture.relative_to(here) if picture.is_relative_to(here) else picture)

    metrics = [metric for group in metric_groups(judge).values() for metric in group]
    content: dict[str, Any] = {
        "about": about,
        "metrics": {metric.key: {"meaning": metric.meaning, "better": metric.better} for metric in metrics},
        "not_listed": evaluation.pair_set.not_listed,
        "unusable": {place(path): why for path, why in evaluation.portraits.unusable.items()},
        "systems": {
            row.name: {
                "means": {key: asdict(mean) for key, mean in row.means.items()},
                "slices": _by_slice(evaluation, row),
                "worst_sources": row.worst and {"by": row.worst.by, "name": row.worst.name},
                "frechet": {name: asdict(frechet) for name, frechet in row.frechet.items()},
            }
            for row in evaluation.rows
        },
    }
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    keys = list(evaluation.rows[0].values)
    of_side = [f"{side}_{what}" for side in ("source", "target") for what in ("group", "tone", "ita")]
    table = [["system", "source", "target", "source_id", "target_id", *of_side, *keys]]
    for row in evaluation.rows:
        for i, pair in enumerate(evaluation.pair_set.pairs):
            sides = (pair.source, pair.target)
            names = [*(place(side.path) for side in sides), *(side.identity for side in sides)]
            for side in sides:
                tone = evaluation.portraits.tones[side.path]
                names += [side.group, tone_class(tone), _number(tone)]
            table.append([row.name, *names, *(_number(float(row.values[key][i])) for key in keys)])
    write_text(folder / TABLE, csv_text(table))
    write_text(folder / RESULTS, text + "\n")


def _number(number: float) -> str:
    """Six digits; nothing for NaN."""
    return "" if math.isnan(number) else f"{number:.6g}"


def _by_slice(evaluation: Evaluation, row: Row) -> dict[str, dict[str, Any]]:
    """The row's means by "source skin tone" and so on, then by the slice's name, then by metric."""
    content: dict[str, dict[str, Any]] = {}
    for one, means in zip(evaluation.slices, row.slices, strict=True):
        content.setdefault(f"{one.side} {one.by}", {})[one.name] = {
            "pairs": len(one.indices),
            **{key: asdict(mean) for key, mean in means.items()},
        }
    return content
