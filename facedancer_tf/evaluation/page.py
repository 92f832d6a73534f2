"""Writes index.html: tables, the best, the worst and some other pairs, a grid for each model. It holds no scripts."""

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from facedancer_tf.evaluation.contact_sheet import grid, head, swap_one
from facedancer_tf.evaluation.evaluation import Evaluation
from facedancer_tf.evaluation.pairs import Photograph
from facedancer_tf.evaluation.systems import ModelSystem
from facedancer_tf.evaluation.table import Table
from facedancer_tf.provenance.swapped import Swapped
from facedancer_tf.provenance.writing import write_swapped, write_unswapped
from facedancer_tf.writing import make_folder, reported, write_text

PICTURES, PAGE = "pictures", "index.html"
OWN = re.compile(r"(pair\d+_(source|target|model\d+)|grid\d+)\.jpg")
EXTREMES, BETWEEN, GRID_SIDE = 3, 4, 5
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
    clear_pictures(folder / PICTURES)
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>Face swapping, evaluated</title>",
        "<meta name=viewport content='width=device-width, initial-scale=1'>",
        f"<style>{STYLE}</style><h1>Face swapping, evaluated</h1>",
        "<p>Swapped faces on this page are synthetic: nobody shown did or said what a swapped picture shows.</p><dl>",
        *(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in about.items()),
        "</dl>",
        *(_table(table) for table in tables),
        "<h2>Pairs</h2>",
        *_pairs(folder, evaluation, models),
        "<h2>Sources and targets</h2>",
        *_grids(folder, evaluation, models),
        "</html>",
    ]
    write_text(folder / PAGE, "\n".join(parts) + "\n")


def clear_pictures(folder: Path) -> None:
    """Removes the pictures that an earlier page left in `folder`. Files with other names stay."""
    with reported(folder):
        for path in folder.iterdir():
            if OWN.fullmatch(path.name):
                path.unlink()


def choose_shown(values: dict[str, np.ndarray]) -> list[tuple[str, int]]:
    """Chooses the pairs to show, with the reason, from one model's values per pair [n]: best, worst and some between.

    Pairs are ordered by how much more the swapped face is like its source than like its target (cosine). Lost faces
    are last.
    """
    margin = values["cosine_to_source"] - values["cosine_to_target"]
    order = np.argsort(-np.where(np.isnan(margin), -np.inf, margin), kind="stable")
    extremes = min(EXTREMES, len(order) // 2)
    best, worst = order[:extremes], order[len(order) - extremes :]
    middle = order[extremes : len(order) - extremes]
    between = (
        middle[np.unique(np.linspace(0, len(middle) - 1, BETWEEN).round().astype(int))] if len(middle) else []
    )
    groups = (("best", best), ("between", between), ("worst", worst))
    return [(why, int(index)) for why, indices in groups for index in indices]


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


def _pairs(folder: Path, evaluation: Evaluation, models: Sequence[ModelSystem]) -> list[str]:
    rows = {row.name: row.values for row in evaluation.rows}
    first = rows[models[0].name]
    figures = [
        f"<p>Source, target, then swapped by {escape(', '.join(model.name for model in models))}. Best and worst "
        f"by how much nearer {escape(models[0].name)} brings the face to its source than to its target.</p>"
    ]
    for why, index in choose_shown(first):
        pair = evaluation.pair_set.pairs[index]
        source, target = (evaluation.portraits.load(side) for side in (pair.source, pair.target))
        tiles = [_save(folder, f"pair{index}_source", head(source.picture, source.face))]
        tiles.append(_save(folder, f"pair{index}_target", head(target.picture, target.face)))
        for number, model in enumerate(models):
            swapped = head(swap_one(model, source, target), target.face)
            tiles.append(_save(folder, f"pair{index}_model{number}", swapped, model))
        numbers = ", ".join(
            f"{model.name}: {'hit' if rows[model.name]['retrieval_top1'][index] else 'miss'}, "
            f"pose {rows[model.name]['pose'][index]:.1f}°"
            for model in models
        )
        text = f"{why}: {pair.source.identity} into {pair.target.identity}; {numbers}"
        figures.append(
            f"<figure class=tiles>{''.join(tiles)}<figcaption>{escape(text)}</figcaption></figure>"
        )
    return figures


def _grids(folder: Path, evaluation: Evaluation, models: Sequence[ModelSystem]) -> list[str]:
    pairs = evaluation.pair_set.pairs
    sources, targets = (
        [evaluation.portraits.load(photograph) for photograph in one_of_each(side)]
        for side in ([pair.source for pair in pairs], [pair.target for pair in pairs])
    )
    figures = []
    for number, model in enumerate(models):
        sheet = _save(folder, f"grid{number}", grid(model, sources, targets), model)
        figures.append(
            f"<figure class=grid>{sheet}<figcaption>{escape(model.name)}: sources at the left, targets above"
            "</figcaption></figure>"
        )
    return figures


def one_of_each(photographs: Sequence[Photograph]) -> list[Photograph]:
    """The first photograph of each of the first five people, in order of path."""
    people: dict[str, Photograph] = {}
    for photograph in photographs:
        people.setdefault(photograph.identity, photograph)
    return sorted(list(people.values())[:GRID_SIDE], key=lambda photograph: photograph.path)


def _save(folder: Path, name: str, picture: np.ndarray, model: ModelSystem | None = None) -> str:
    """Writes one JPEG, marked where `model` swapped faces in it, and returns the HTML tag that shows it."""
    path = folder / PICTURES / f"{name}.jpg"
    if model is None:
        write_unswapped(path, picture)
    else:
        write_swapped(path, Swapped(picture, [model.used_model]))
    return f'<img src="{PICTURES}/{name}.jpg" alt="{escape(name)}">'
