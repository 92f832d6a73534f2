"""The page shows the right pairs and people, and writes means in the right form."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from facedancer_tf.evaluation.evaluation import evaluate
from facedancer_tf.evaluation.groups_csv import with_groups
from facedancer_tf.evaluation.judges import DlibJudge
from facedancer_tf.evaluation.means import Mean
from facedancer_tf.evaluation.meter import Meter
from facedancer_tf.evaluation.metrics import DOWN, Metric
from facedancer_tf.evaluation.page_pictures import (
    choose_of_slice,
    choose_shown,
    clear_pictures,
    one_of_each,
    worst_slice_figures,
)
from facedancer_tf.evaluation.pair_set import read_pair_set
from facedancer_tf.evaluation.pairs import Photograph
from facedancer_tf.evaluation.systems import ModelSystem
from facedancer_tf.evaluation.table import Table, as_text, cell
from facedancer_tf.swapping.swapper import Swapper


def test_best_and_worst_are_shown_and_a_lost_face_is_worst():
    to_source = np.linspace(0, 1, 20)
    to_source[7] = np.nan
    shown = choose_shown({"cosine_to_source": to_source, "cosine_to_target": np.zeros(20)})
    assert [index for why, index in shown if why == "best"] == [19, 18, 17]
    assert [index for why, index in shown if why == "worst"] == [1, 0, 7]
    between = [index for why, index in shown if why == "between"]
    assert len(between) == 4
    assert between[0] == 16
    assert between[-1] == 2


def test_pairs_of_a_slice_are_its_own_from_the_best_to_the_worst():
    to_source = np.linspace(0, 1, 40)
    to_source[12] = np.nan
    values = {"cosine_to_source": to_source, "cosine_to_target": np.zeros(40)}
    assert choose_of_slice(values, range(0, 22, 2)) == [20, 16, 10, 6, 2, 12]
    assert choose_of_slice(values, [5, 12, 7]) == [7, 5, 12]


def test_few_pairs_are_shown_once_each():
    for count in range(1, 9):
        values = {"cosine_to_source": np.arange(count) * 1.0, "cosine_to_target": np.zeros(count)}
        indices = [index for _, index in choose_shown(values)]
        assert len(set(indices)) == len(indices) == count


def test_one_picture_of_each_person():
    photographs = [
        Photograph(Path(f"{name}.png"), name[0]) for name in ("b1", "b2", "a1", "c1", "d1", "e1", "f1")
    ]
    assert [p.path.stem for p in one_of_each(photographs)] == ["a1", "b1", "c1", "d1", "e1"]


def test_a_mean_says_of_how_many_where_it_is_not_all():
    metric = Metric("pose", "pose", DOWN, 2, "")
    assert cell(metric, Mean(1.0, 0.5, 2.0, 9), 9) == "1.00 ±0.75"
    assert cell(metric, Mean(1.0, 0.5, 2.0, 4), 9) == "1.00 ±0.75 (n=4)"
    assert cell(metric, Mean(1.0, None, None, 9), 9) == "1.00"
    assert cell(metric, Mean(None, None, None, 0), 9) == "-"


def test_columns_stand_under_their_heads():
    text = as_text(
        Table("title", ["a", "long head"], ["", ""], [("row", ["1.0", "2"]), ("longer row", ["10.0", "-"])])
    )
    assert text.splitlines()[2:] == [
        "               a  long head",
        "row          1.0          2",
        "longer row  10.0          -",
    ]


def test_only_the_pages_own_pictures_are_removed(tmp_path):
    own = ["pair0_source.jpg", "pair12_target.jpg", "pair12_model1.jpg", "grid0.jpg"]
    mine = ["holiday.jpg", "pair_source.jpg", "grid0.png", "my_grid0.jpg", "pair1_model.jpg"]
    for name in own + mine:
        (tmp_path / name).touch()
    clear_pictures(tmp_path, kept={"grid0.jpg"})  # which the new page shows
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*mine, "grid0.jpg"])
    clear_pictures(tmp_path, kept=set())
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(mine)


def test_the_worst_slice_is_shown_with_pictures_of_its_own_pairs(swapper: Swapper, tmp_path: Path) -> None:
    people = read_pair_set("bundled", 0, 5, 1)
    source = people.pairs[0].source.path  # of the first four pairs
    (tmp_path / "groups.csv").write_text(f"picture,group\n{source},a & b\n")
    pair_set = with_groups(replace(people, pairs=people.pairs[:6]), tmp_path / "groups.csv")
    models = [ModelSystem("tiny", swapper)]
    evaluation = evaluate(models, pair_set, Meter(DlibJudge(), swapper.detector))
    (tmp_path / "pictures").mkdir()
    row = evaluation.rows[0]
    none = worst_slice_figures(tmp_path, evaluation, models)
    assert len(none) == 1
    assert "No slice of sources has 30 pairs or more" in none[0]

    row = replace(row, worst=next(one for one in evaluation.slices if one.name == "a & b"))
    intro, *figures = worst_slice_figures(tmp_path, replace(evaluation, rows=[row]), models)
    assert "where the source's group is a &amp; b: a &amp; b " in intro
    assert "(n=4)" in intro
    shown = sorted(path.name for path in (tmp_path / "pictures").glob("*_model0.jpg"))
    assert shown == [f"pair{i}_model0.jpg" for i in range(4)]
    assert all(f'src="pictures/{name}"' in "".join(figures) for name in shown)
