"""Pairs and galleries from every place that `--pairs` can name."""

from pathlib import Path

import numpy as np
import pytest

from data.pictures import write_picture
from facedancer_tf.errors import UserError
from facedancer_tf.evaluation.pair_set import read_pair_set
from facedancer_tf.evaluation.pairs import Pair, Photograph, choose_gallery


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Four people, each with a folder of three pictures."""
    for person in "abcd":
        (tmp_path / person).mkdir()
        for i in range(3):
            write_picture(tmp_path / person / f"{i}.png", np.zeros((8, 8, 3), np.uint8))
    return tmp_path


def test_bundled_are_all_ordered_pairs():
    pair_set = read_pair_set("bundled", 1, 500, 1)
    assert len(set(pair_set.pairs)) == len(pair_set.pairs) == 20
    assert len(pair_set.gallery) == 5
    assert all(pair.source != pair.target for pair in pair_set.pairs)


def test_a_folder_gives_different_pairs_of_two_people_by_the_seed(people):
    for name in ("a/x.avif", "b/._0.png"):
        (people / name).touch()
    drawn = read_pair_set(str(people), 60, 7, 3)
    assert len(set(drawn.pairs)) == 60
    assert all(pair.source.identity != pair.target.identity for pair in drawn.pairs)
    assert {photograph.identity for photograph in drawn.gallery} == set("abcd")
    assert drawn == read_pair_set(str(people), 60, 7, 3)
    assert drawn.pairs != read_pair_set(str(people), 60, 7, 4).pairs
    assert drawn.not_listed == {"avif_picture": ["a/x.avif"], "hidden_or_system": ["b/._0.png"]}
    assert drawn.sampling == "60 pairs at random among 12 pictures of 4 people, seed 3"


def test_a_folder_has_its_name_wherever_one_stands(people, monkeypatch):
    monkeypatch.chdir(people)
    assert read_pair_set(".", 5, 7, 3).name == people.name


def test_no_more_pairs_than_there_are(people):
    assert len(set(read_pair_set(str(people), 108, 7, 3).pairs)) == 108  # 12 pictures, 9 of other people each
    with pytest.raises(UserError, match="make 108 pairs"):
        read_pair_set(str(people), 109, 7, 3)


@pytest.mark.parametrize(("size", "held"), [(0, 3), (2, 3), (3, 3), (4, 4), (9, 5)])
def test_gallery_has_every_source_and_target_and_room_for_others(size, held):
    one, two, *others = (Photograph(Path(f"{i}.png"), str(i)) for i in range(5))
    pairs = [Pair(one, two), Pair(others[0], two)]
    gallery = choose_gallery(pairs, [one, two, *others], size, 0)
    assert gallery[:3] == [one, others[0], two]
    assert len(gallery) == len(set(gallery)) == held
    assert gallery == choose_gallery(pairs, [one, two, *others], size, 0)


def test_a_small_gallery_of_a_folder_holds_the_targets_too(people):
    drawn = read_pair_set(str(people), 6, 1, 3)
    assert set(drawn.gallery) == {side for pair in drawn.pairs for side in (pair.source, pair.target)}


def test_no_such_place():
    with pytest.raises(UserError, match="there are no pairs nowhere"):
        read_pair_set("nowhere", 1, 1, 1)
