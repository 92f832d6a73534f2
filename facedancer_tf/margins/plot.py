"""Draws the distributions per block with matplotlib, which requirements-plot.txt brings."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from facedancer_tf.margins.samples import Distances
from facedancer_tf.margins.suggestion import BlockFigures
from facedancer_tf.plots import load_pyplot, write_plot


def draw_distances(distances: Distances, figures: Sequence[BlockFigures], title: str, path: Path) -> None:
    """Draws for each block and kind a bar from the 10th to the 90th percentile, with a dot at the mean.

    Margins are black lines.
    """
    kinds = list(figures[0].means)
    places = np.arange(len(figures))
    figure, axis = load_pyplot().subplots(figsize=(2 + 0.9 * len(figures), 5), layout="constrained")
    for number, kind in enumerate(kinds):
        shift = (number - (len(kinds) - 1) / 2) * 0.22
        low, high = np.quantile([distances[block.block][kind] for block in figures], [0.1, 0.9], axis=1)
        axis.bar(
            places + shift, high - low, 0.16, low, color=f"C{number}", alpha=0.4, label=f"{kind}, 10-90 %"
        )
        axis.plot(places + shift, [block.means[kind] for block in figures], "o", color=f"C{number}", ms=4)
    suggested = [(place, block.margin) for place, block in zip(places, figures, strict=True) if block.margin]
    for number, (place, margin) in enumerate(suggested):
        label = "margin" if number == 0 else ""
        axis.hlines(margin, place - 0.42, place + 0.42, "black", linewidth=1.2, label=label)
    axis.set_xticks(places, [block.block for block in figures], rotation=45, ha="right")
    axis.set(ylabel="1 - cos, deep to shallow", title=textwrap.fill(title, 100), ylim=(0, None))
    axis.grid(axis="y", alpha=0.3)
    axis.legend()
    write_plot(path, figure)
