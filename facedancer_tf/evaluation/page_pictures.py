"""Chooses, swaps and writes the pictures of index.html: single pairs, the worst slice, a grid for each model."""

import re
from collections.abc import Sequence, Set
from hashlib import sha256
from html import escape
from pathlib import Path

import numpy as np

from facedancer_tf.evaluation.contact_sheet import grid, head, swap_one
from facedancer_tf.evaluation.evaluation import Evaluation, Row
from facedancer_tf.evaluation.pairs import Photograph
from facedancer_tf.evaluation.slices import WORST_PAIRS_MIN
from facedancer_tf.evaluation.systems import ModelSystem
from facedancer_tf.evaluation.table import worst_cell
from facedancer_tf.provenance.swapped import Swapped
from facedancer_tf.provenance.writing import write_swapped, write_unswapped
from facedancer_tf.writing import reported

PICTURES = "pictures"
OWN = re.compile(r"(photograph(_[0-9a-f]{12})?|pair\d+_(source|target|model\d+)|grid\d+)\.jpg")
EXTREMES, BETWEEN, OF_SLICE, GRID_SIDE = 3, 4, 6, 5


def clear_pictures(folder: Path, kept: Set[str]) -> None:
    """Removes the pictures that an earlier page left in `folder`, but those `kept`. Files with other names stay."""
    with reported(folder):
        for path in folder.iterdir():
            if OWN.fullmatch(path.name) and path.name not in kept:
                path.unlink()


def choose_shown(values: dict[str, np.ndarray]) -> list[tuple[str, int]]:
    """Chooses the pairs to show, with the reason, from one model's values per pair [n]: best, worst and some between.

    Pairs are ordered by how much more the swapped face is like its source than like its target (cosine). Lost faces
    are last.
    """
    order = _from_best_to_worst(values, range(len(values["cosine_to_source"])))
    extremes = min(EXTREMES, len(order) // 2)
    best, worst = order[:extremes], order[len(order) - extremes :]
    between = _spread(order[extremes : len(order) - extremes], BETWEEN)
    groups = (("best", best), ("between", between), ("worst", worst))
    return [(why, index) for why, indices in groups for index in indices]


def choose_of_slice(values: dict[str, np.ndarray], indices: Sequence[int]) -> list[int]:
    """Chooses six of the pairs `indices`, from the best to the worst, or all where there are no more."""
    return _spread(_from_best_to_worst(values, indices), OF_SLICE)


def _from_best_to_worst(values: dict[str, np.ndarray], indices: Sequence[int]) -> list[int]:
    margin = (values["cosine_to_source"] - values["cosine_to_target"])[list(indices)]
    order = np.argsort(-np.where(np.isnan(margin), -np.inf, margin), kind="stable")
    return [indices[i] for i in order]


def _spread(indices: Sequence[int], count: int) -> list[int]:
    """At most `count` of `indices` at equal distances, the first and the last among them."""
    places = np.linspace(0, len(indices) - 1, min(count, len(indices))).round().astype(int)
    return [indices[place] for place in places]


def pair_figures(folder: Path, evaluation: Evaluation, models: Sequence[ModelSystem]) -> list[str]:
    """A sentence, then figures of the best pairs of the first model, its worst, and some between."""
    intro = (
        f"<p>Source, target, then swapped by {escape(', '.join(model.name for model in models))}. Best and worst "
        f"by how much nearer {escape(models[0].name)} brings the face to its source than to its target.</p>"
    )
    shown = choose_shown(_rows(evaluation)[models[0].name].values)
    return [intro, *(_pair_figure(folder, evaluation, models, index, f"{why}: ") for why, index in shown)]


def worst_slice_figures(folder: Path, evaluation: Evaluation, models: Sequence[ModelSystem]) -> list[str]:
    """A sentence that names the first model's worst slice, then figures of some of its pairs."""
    row = _rows(evaluation)[models[0].name]
    if row.worst is None:
        return [
            f"<p>No slice of sources has {WORST_PAIRS_MIN} pairs or more, or all are found equally often: none is the "
            "worst.</p>"
        ]
    intro = (
        f"<p>{escape(models[0].name)} is found least often where the source's {row.worst.by} is "
        f"{escape(row.worst.name)}: {escape(worst_cell(evaluation, row))}. Some of these pairs, from the best to the "
        "worst.</p>"
    )
    shown = choose_of_slice(row.values, row.worst.indices)
    return [intro, *(_pair_figure(folder, evaluation, models, index) for index in shown)]


def _rows(evaluation: Evaluation) -> dict[str, Row]:
    return {row.name: row for row in evaluation.rows}


def _pair_figure(
    folder: Path, evaluation: Evaluation, models: Sequence[ModelSystem], index: int, why: str = ""
) -> str:
    """One pair: source, target, and swapped by each model, with what was measured below."""
    rows, pair = _rows(evaluation), evaluation.pair_set.pairs[index]
    source, target = (evaluation.portraits.load(side) for side in (pair.source, pair.target))
    tiles = [
        _photograph(folder, head(side.picture, side.face), alt)
        for side, alt in ((source, "source"), (target, "target"))
    ]
    for number, model in enumerate(models):
        swapped = head(swap_one(model, source, target), target.face)
        tiles.append(_save(folder, f"pair{index}_model{number}", swapped, model))
    numbers = ", ".join(
        f"{model.name}: {'hit' if rows[model.name].values['retrieval_top1'][index] else 'miss'}, "
        f"pose {rows[model.name].values['pose'][index]:.1f}°"
        for model in models
    )
    text = f"{why}{pair.source.identity} into {pair.target.identity}; {numbers}"
    return f"<figure class=tiles>{''.join(tiles)}<figcaption>{escape(text)}</figcaption></figure>"


def grid_figures(folder: Path, evaluation: Evaluation, models: Sequence[ModelSystem]) -> list[str]:
    """Figures of the first people's faces, all swapped into all, one for each model."""
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


def _photograph(folder: Path, picture: np.ndarray, alt: str) -> str:
    """Writes one JPEG under a name that follows from its content, so that each is there once; returns its HTML tag."""
    path = folder / PICTURES / "photograph.jpg"
    write_unswapped(path, picture)
    named = path.with_stem(f"photograph_{sha256(path.read_bytes()).hexdigest()[:12]}")
    path.replace(named)
    return _tag(named, alt)


def _save(folder: Path, name: str, picture: np.ndarray, model: ModelSystem) -> str:
    """Writes one JPEG, marked because `model` swapped faces in it, and returns the HTML tag that shows it."""
    path = folder / PICTURES / f"{name}.jpg"
    write_swapped(path, Swapped(picture, [model.used_model]))
    return _tag(path, name)


def _tag(path: Path, alt: str) -> str:
    return f'<img src="{PICTURES}/{path.name}" alt="{escape(alt)}">'
