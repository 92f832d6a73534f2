"""Tables say which pairs a row is of, and name the worst slice."""

import numpy as np

from facedancer_tf.evaluation.evaluation import Evaluation, Row
from facedancer_tf.evaluation.judges import DlibJudge
from facedancer_tf.evaluation.means import mean_with_interval
from facedancer_tf.evaluation.metrics import metric_groups
from facedancer_tf.evaluation.pairs import Pair, PairSet, Photograph, bundled_photographs
from facedancer_tf.evaluation.portrait_set import Portraits
from facedancer_tf.evaluation.sliced_tables import sliced_tables
from facedancer_tf.evaluation.slices import slice_means, slice_pairs, worst_slice
from facedancer_tf.evaluation.table import tables


def evaluation_of(groups: list[str]) -> Evaluation:
    """One row whose swaps of grouped sources are all found and others never; the first source is dark, others light."""
    one, two, target = (photograph.path for photograph in bundled_photographs()[:3])
    pairs = [
        Pair(Photograph(two if i else one, str(i), group), Photograph(target, "t"))
        for i, group in enumerate(groups)
    ]
    tones = {one: -40.0, two: 50.0, target: 50.0}
    keys = [metric.key for metrics in metric_groups(DlibJudge()).values() for metric in metrics]
    values = {key: np.array([100.0 if group else 0.0 for group in groups]) for key in keys}
    people = [pair.people for pair in pairs]
    means = {key: mean_with_interval(numbers, people) for key, numbers in values.items()}
    slices = slice_pairs(pairs, tones)
    of_slices = [slice_means(one_slice, values, pairs) for one_slice in slices]
    row = Row("mine", values, means, of_slices, worst_slice(slices, values), {})
    pair_set = PairSet(tuple(pairs), (), "", "")
    return Evaluation([row], slices, pair_set, Portraits({}, tones, {}), len(pairs))


def test_a_table_for_each_kind_of_slice_with_all_pairs_first():
    by_tone, by_group = sliced_tables(evaluation_of(["old", "young", ""]), DlibJudge(), ["mine"])
    assert by_tone.title == "mine, by skin tone of source and of target"
    assert [name for name, _ in by_tone.rows] == ["all", "source light", "source dark", "target light"]
    assert [cells[:2] for _, cells in by_tone.rows] == [
        ["3", "66.7 ±50.0"],
        ["2", "50.0 ±50.0"],
        ["1", "100.0"],
        ["3", "66.7 ±50.0"],
    ]
    assert [name for name, _ in by_group.rows] == ["all", "source old", "source young"]
    assert all(len(cells) == len(by_tone.heads) == len(by_tone.notes) for _, cells in by_tone.rows)


def test_without_groups_there_is_no_table_of_them():
    (table,) = sliced_tables(evaluation_of(["", ""]), DlibJudge(), ["mine"])
    assert "skin tone" in table.title


def test_the_headline_names_the_worst_slice():
    headline = tables(evaluation_of(["old"] * 36 + [""] * 4), DlibJudge())[0]
    assert headline.heads[-1] == "worst sources: ID %"
    assert headline.rows[0][1][-1].startswith("light 89.7 ±")
    assert headline.rows[0][1][-1].endswith("(n=39)")
    assert tables(evaluation_of(["old"] * 3), DlibJudge())[0].rows[0][1][-1] == "-"
