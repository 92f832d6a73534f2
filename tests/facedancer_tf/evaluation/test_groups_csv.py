"""A file of groups names photographs of a folder, however their paths are written."""

from pathlib import Path

import pytest

from facedancer_tf.errors import UserError
from facedancer_tf.evaluation.groups_csv import with_groups
from facedancer_tf.evaluation.pairs import Pair, PairSet, Photograph


def pair_set(folder: Path, group: str = "") -> PairSet:
    one, two, three = (Photograph(folder / "photos" / f"{name}.png", name, group) for name in "abc")
    return PairSet((Pair(one, two),), (one, two, three), "three", "by hand")


def write(folder: Path, *lines: str) -> Path:
    (folder / "groups.csv").write_text("\n".join(["picture,group", *lines]) + "\n")
    return folder / "groups.csv"


def test_pictures_get_their_groups_in_pairs_and_gallery(tmp_path):
    path = write(tmp_path, "photos/a.png,old", "photos/../photos/c.png,young", "photos/other.png,old")
    grouped = with_groups(pair_set(tmp_path), path)
    assert [photograph.group for photograph in grouped.gallery] == ["old", "", "young"]
    assert grouped.pairs == (Pair(*grouped.gallery[:2]),)
    assert grouped.sampling.startswith("by hand; groups by groups.csv (SHA-256 ")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((), "must have the columns picture and group"),
        (("photos/a.png,",), "line 2: it needs a value"),
        (("photos/a.png,old", "photos/a.png,new"), "line 3: photos/a.png is of the group new, but old above"),
        (("a.png,old",), "names no picture of the pairs"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path, lines, message):
    with pytest.raises(UserError, match=message):
        with_groups(pair_set(tmp_path), write(tmp_path, *lines))


def test_pairs_with_groups_take_no_others(tmp_path):
    with pytest.raises(
        UserError, match=r"the pairs of three have groups of their own; leave .*groups\.csv out"
    ):
        with_groups(pair_set(tmp_path, "mine"), write(tmp_path, "photos/a.png,old"))
