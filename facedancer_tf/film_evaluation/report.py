"""Writes a film's numbers: results.json, frames.csv and the table of the terminal."""

import json
import math
from dataclasses import asdict
from pathlib import Path

from facedancer_tf.evaluation.output_folder import RESULTS
from facedancer_tf.film_evaluation.measuring import Values
from facedancer_tf.film_evaluation.summary import MEASURES, Numbers
from facedancer_tf.shown_text import csv_text
from facedancer_tf.writing import write_text

FRAMES = "frames.csv"


def write_report(folder: Path, numbers: Numbers, values: Values, about: dict[str, str]) -> None:
    """Writes results.json (the film's numbers with their meanings) and frames.csv (all values of every frame)."""
    content = {
        "about": about,
        "film": numbers,
        "measures": {key: asdict(measure) for group in MEASURES.values() for key, measure in group.items()},
    }
    rows = [
        ["" if math.isnan(number) else f"{number:.6g}" for number in row]
        for row in zip(*values.values(), strict=True)
    ]
    write_text(folder / FRAMES, csv_text([list(values), *rows]))
    write_text(folder / RESULTS, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def as_text(numbers: Numbers) -> str:
    """A table for a terminal: one line for each number, with what it means."""
    width = max(len(measure.title) for group in MEASURES.values() for measure in group.values()) + 2
    lines = []
    for title, group in MEASURES.items():
        lines += ["", title, "-" * len(title)]
        for key, measure in group.items():
            number = numbers[key]
            shown = "-" if number is None else f"{number:.{measure.decimals}f}"
            name = f"{measure.title} {measure.better}".rstrip()
            lines.append(f"{name:<{width}} {shown:>8}  {measure.meaning}")
    return "\n".join(lines[1:])
