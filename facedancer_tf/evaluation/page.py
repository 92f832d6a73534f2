"""Writes index.html: tables, and pictures of pairs and of the worst slice. It holds no scripts."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from facedancer_tf.evaluation.evaluation import Evaluation
from facedancer_tf.evaluation.page_pictures import (
    PICTURES,
    grid_figures,
    pair_figures,
    worst_slice_figures,
)
from facedancer_tf.evaluation.systems import ModelSystem
from facedancer_tf.evaluation.table import Table
from facedancer_tf.writing import make_folder, write_text

PAGE = "index.html"
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 1100px; margin: 2em auto; padding: 0 1em; color: #222 }
.table { overflow-x: auto } table { border-collapse: collapse; margin: .4em 0 }
th, td { padding: .15em .8em; text-align: right } th:first-child, td:first-child { text-align: left }
tr { border-bottom: 1px solid #ddd } th { font-weight: 600 }
dl { display: grid; grid-template-columns: 12em 1fr; gap: .2em .5em } dt { font-weight: 600 } dd { margin: 0 }
@media (max-width: 600px) { dl { display: block } dd { margin: 0 0 .5em; overflow-wrap: anywhere } }
figure { margin: 0 0 1em } figcaption, .notes { color: #555; font-size: 13px; margin: 0 0 1.8em }
.tiles img { width: 150px } .grid img { max-width: 100% }
"""


def write_page(
    folder: Path,
    evaluation: Evaluation,
    models: Sequence[ModelSystem],
    about: dict[str, str],
    tables: Sequence[Table],
) -> None:
    """Writes the page and its JPEGs into `folder`; swapped pictures carry all marks."""
    make_folder(folder / PICTURES)
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>Face swapping, evaluated</title>",
        "<meta name=viewport content='width=device-width, initial-scale=1'>",
        f"<style>{STYLE}</style><h1>Face swapping, evaluated</h1>",
        "<p>Swapped faces on this page are synthetic: nobody shown did or said what a swapped picture shows.</p><dl>",
        *(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in about.items()),
        "</dl>",
        *(_table(table) for table in tables),
        "<h2>Pairs</h2>",
        *pair_figures(folder, evaluation, models),
        "<h2>The worst slice</h2>",
        *worst_slice_figures(folder, evaluation, models),
        "<h2>Sources and targets</h2>",
        *grid_figures(folder, evaluation, models),
        "</html>",
    ]
    write_text(folder / PAGE, "\n".join(parts) + "\n")


def _table(table: Table) -> str:
    heads = "".join(f"<th>{escape(head)}</th>" for head in table.heads)
    rows = "".join(
        f"<tr><td>{escape(name)}</td>{''.join(f'<td>{escape(text)}</td>' for text in cells)}</tr>"
        for name, cells in table.rows
    )
    notes = "; ".join(f"{head}: {note}" for head, note in zip(table.heads, table.notes, strict=True))
    return (
        f"<h3>{escape(table.title)}</h3><div class=table><table><tr><th></th>{heads}</tr>{rows}</table></div>"
        f"<p class=notes>{escape(notes)}.</p>"
    )
