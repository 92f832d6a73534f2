"""Files of pairs name the right people, and every picture is one photograph of one person."""

import pytest

from facedancer_tf.errors import UserError
from facedancer_tf.evaluation.pair_set import read_pair_set
from facedancer_tf.evaluation.pairs import Pair, Photograph
from facedancer_tf.evaluation.pairs_csv import read_pairs_csv, write_pairs_csv


def test_a_file_comes_back_and_is_relative_to_its_own_folder(tmp_path):
    names = ("a/1.png", "b/1.png", "c/1.png")
    one, two, three = (Photograph(tmp_path / name, name[0]) for name in names)
    pairs = [Pair(one, two), Pair(three, two)]
    write_pairs_csv(tmp_path / "pairs.csv", pairs, "a set,\nseed 3")
    assert str(tmp_path) not in (tmp_path / "pairs.csv").read_text()
    file = read_pairs_csv(tmp_path / "pairs.csv")
    assert (file.pairs, file.made_from) == (pairs, "a set, seed 3")


def test_groups_come_back_and_may_be_left_out(tmp_path):
    pairs = [
        Pair(Photograph(tmp_path / "a", "x", "old"), Photograph(tmp_path / "b", "y", "young, tall")),
        Pair(Photograph(tmp_path / "c", "z"), Photograph(tmp_path / "a", "x", "old")),
    ]
    write_pairs_csv(tmp_path / "pairs.csv", pairs, "a set")
    assert read_pairs_csv(tmp_path / "pairs.csv").pairs == pairs


def test_what_a_file_is_and_was_made_from_is_said(tmp_path):
    (tmp_path / "pairs.csv").write_text("source,target\na,b\n")
    plain = read_pair_set(str(tmp_path / "pairs.csv"), 1, 1, 1)
    assert plain.sampling == "every line of the file"
    (tmp_path / "pairs.csv").write_text("# a set, seed 3\nsource,target\na,b\n")
    made = read_pair_set(str(tmp_path / "pairs.csv"), 1, 1, 1)
    assert made.sampling == "every line of the file, made from a set, seed 3"
    assert made.name.startswith("pairs.csv (SHA-256 ")
    assert made.name != plain.name


def test_without_ids_every_picture_is_a_person(tmp_path):
    (tmp_path / "pairs.csv").write_text("source,target\na/0.png,b/1.png\nb/1.png,a/1.png\n")
    first, second = read_pairs_csv(tmp_path / "pairs.csv").pairs
    assert first.source == Photograph(tmp_path / "a" / "0.png", "a/0.png")
    assert first.target == second.source
    assert len({first.source.identity, first.target.identity, second.target.identity}) == 3


def test_a_picture_named_in_two_ways_is_one_photograph(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "pairs.csv").write_text(
        "source,target,source_id,target_id\na/0.png,b.png,x,y\nlink/0.png,c.png,,z\na/../a/0.png,c.png,x,z\n"
    )
    pairs = read_pairs_csv(tmp_path / "pairs.csv").pairs
    assert {pair.source for pair in pairs} == {Photograph(tmp_path / "a" / "0.png", "x")}
    assert len(read_pair_set(str(tmp_path / "pairs.csv"), 1, 500, 1).gallery) == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "columns source and target"),
        ("from,to\na,b\n", "columns source and target"),
        ("source,target\na.png,\n", "line 2"),
        ("source,target,source_id,target_id\na,b,x,y\nc,d,x,x\n", "line 3: source and target are one person"),
        ("source,target\na/../b.png,b.png\n", "line 2: source and target are one person"),
        ("source,target,source_id,target_id\na,b,x,y\nb,c,z,w\n", "line 3: b shows z, but y above"),
        ("source,target,source_id,target_id\na,b,x,y\nc,d/../a,z,w\n", "line 3: d/../a shows w, but x above"),
        ("# mine\nsource,target,source_id,target_id\n\na,b,x,y\na,,x,\n", "line 5: it needs a value"),
        (
            "source,target,source_group\na,b,old\nb,a,\n",
            "line 3: a must have one group in all lines. Received: '', but 'old' above",
        ),
        ("\0,a\n", "cannot be read as a CSV file|columns source and target"),
    ],
)
def test_csv_that_is_none(tmp_path, content, message):
    (tmp_path / "pairs.csv").write_text(content)
    with pytest.raises(UserError, match=message):
        read_pairs_csv(tmp_path / "pairs.csv")
