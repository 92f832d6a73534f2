"""Every pair is in the slices of its source and target, and the worst large one is named."""

from pathlib import Path

import numpy as np
import pytest

from data.faces.skin_tone import GREY
from facedancer_tf.evaluation.pairs import Pair, Photograph
from facedancer_tf.evaluation.slices import (
    SLICED,
    Slice,
    lower_small_slices,
    slice_means,
    slice_pairs,
    worst_slice,
)

TONES = {"l": 48.0, "d": -40.0, "g": float("nan")}


def pair(source: str, target: str, groups: tuple[str, str] = ("", "")) -> Pair:
    sides = (
        Photograph(Path(name), name, group) for name, group in zip((source, target), groups, strict=True)
    )
    return Pair(*sides)


def sliced(*pairs: Pair) -> list[Slice]:
    return slice_pairs(pairs, {Path(name): TONES[name[0]] for name in ("l1", "l2", "d1", "d2", "g1")})


def values(hits: list[float]) -> dict[str, np.ndarray]:
    return {key: np.array(hits) for key in SLICED}


def test_every_pair_is_sorted_by_both_sides():
    slices = sliced(pair("l1", "d1"), pair("d1", "g1"), pair("l2", "l1"))
    assert slices == [
        Slice("source", "skin tone", "light", (0, 2)),
        Slice("source", "skin tone", "dark", (1,)),
        Slice("target", "skin tone", "light", (2,)),
        Slice("target", "skin tone", "dark", (0,)),
        Slice("target", "skin tone", GREY, (1,)),
    ]


def test_groups_are_slices_and_pairs_without_one_are_in_none():
    slices = sliced(pair("l1", "d1", ("b", "a")), pair("d1", "l2", ("a", "")), pair("l2", "l1"))
    assert [s for s in slices if s.by == "group"] == [
        Slice("source", "group", "a", (1,)),
        Slice("source", "group", "b", (0,)),
        Slice("target", "group", "a", (0,)),
    ]


def test_means_are_of_the_slices_own_pairs():
    pairs = [pair("l1", "d1"), pair("d1", "l1"), pair("l2", "d1"), pair("l1", "d2")]
    light = sliced(*pairs)[0]
    means = slice_means(light, values([100.0, 7.0, 0.0, np.nan]), pairs)
    assert list(means) == list(SLICED)
    assert (means["pose"].mean, means["pose"].count) == (50.0, 2)
    assert (means["pose"].low, means["pose"].high) == (0.0, 100.0)


@pytest.mark.parametrize(
    ("light", "dark", "worst"), [(30, 30, "dark"), (30, 29, "light"), (31, 30, "dark"), (29, 29, None)]
)
def test_the_worst_slice_is_the_one_found_least_often_of_those_with_thirty_pairs(light, dark, worst):
    pairs = [pair("l1", "l2")] * light + [pair("d1", "l2")] * dark
    hits = values([100.0] * (light - 10) + [0.0] * 10 + [0.0] * (dark - 10) + [100.0] * 10)
    found = worst_slice(sliced(*pairs), hits)
    assert (found and found.name) == worst


def test_grey_pictures_and_targets_are_no_worst_slice():
    pairs = [pair("g1", "d1")] * 40 + [pair("l1", "l2")] * 40
    found = worst_slice(sliced(*pairs), values([0.0] * 40 + [100.0] * 40))
    assert found == Slice("source", "skin tone", "light", tuple(range(40, 80)))


def test_a_group_can_be_the_worst_and_may_have_any_name():
    pairs = [pair("l1", "d1", ("grey", ""))] * 30 + [pair("l2", "d1", ("x", ""))] * 30
    found = worst_slice(sliced(*pairs), values([10.0] * 30 + [90.0] * 30))
    assert found
    assert (found.by, found.name) == ("group", "grey")


@pytest.mark.parametrize("hit", [0.0, 100.0])
def test_slices_that_are_found_equally_often_have_no_worst(hit):
    pairs = [pair("l1", "l2")] * 30 + [pair("d1", "l2")] * 30
    assert worst_slice(sliced(*pairs), values([hit] * 60)) is None
    assert worst_slice(sliced(*pairs[:30]), values([hit] * 30)) == sliced(*pairs[:30])[0]  # the only one


@pytest.mark.parametrize(
    ("dark", "hits_of_dark", "named"),
    [(10, 0, True), (9, 0, False), (29, 14, True), (29, 15, False), (30, 0, False)],
)
def test_small_slices_that_are_lower_are_named(dark, hits_of_dark, named):
    pairs = [pair("l1", "l2")] * 40 + [pair("d1", "l2")] * dark
    hits = values([100.0] * 20 + [0.0] * 20 + [100.0] * hits_of_dark + [0.0] * (dark - hits_of_dark))
    slices = sliced(*pairs)
    small = lower_small_slices(slices, hits, worst_slice(slices, hits))
    assert [(one.name, found) for one, found in small] == (
        [("dark", 100.0 * hits_of_dark / dark)] if named else []
    )


def test_small_slices_are_compared_with_all_where_none_is_large():
    pairs = [pair("l1", "l2")] * 20 + [pair("d1", "l2")] * 10 + [pair("g1", "l2")] * 10
    hits = values([100.0] * 20 + [10.0] * 10 + [0.0] * 10)
    assert [(one.name, found) for one, found in lower_small_slices(sliced(*pairs), hits, None)] == [
        ("dark", 10.0)
    ]
