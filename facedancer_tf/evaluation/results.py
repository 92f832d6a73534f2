"""Writes results.json (all means with their intervals) and results.csv (every number of every pair and system)."""

import csv
import io
import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from facedancer_tf.evaluation.evaluation import Evaluation
from facedancer_tf.evaluation.judges import Judge
from facedancer_tf.evaluation.metrics import metric_groups
from facedancer_tf.evaluation.output_folder import RESULTS
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
                "frechet": {name: asdict(frechet) for name, frechet in row.frechet.items()},
            }
            for row in evaluation.rows
        },
    }
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    keys = list(evaluation.rows[0].values)
    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    writer.writerow(["system", "source", "target", "source_id", "target_id", *keys])
    for row in evaluation.rows:
        for i, pair in enumerate(evaluation.pair_set.pairs):
            names = [
                place(pair.source.path),
                place(pair.target.path),
                pair.source.identity,
                pair.target.identity,
            ]
            numbers = [float(row.values[key][i]) for key in keys]
            cells = ["" if math.isnan(number) else f"{number:.6g}" for number in numbers]
            writer.writerow([row.name, *names, *cells])
    write_text(folder / TABLE, lines.getvalue())
    write_text(folder / RESULTS, text + "\n")
