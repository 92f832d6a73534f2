"""An evaluation overwrites only an evaluation, and does not lie among the pictures that it measures."""

from pathlib import Path

import pytest

from data.whole_files import passing_path
from facedancer_tf.errors import UserError
from facedancer_tf.evaluation.output_folder import check_apart, check_output
from facedancer_tf.evaluation.pairs import Pair, PairSet, Photograph


def test_free_folders_and_evaluations_are_taken(tmp_path):
    check_output(tmp_path / "new")
    check_output(tmp_path)
    with passing_path(tmp_path / "files") as unfinished:  # what a kill would leave
        unfinished.mkdir()
        check_output(tmp_path)
    (tmp_path / "results.json").write_text('{"about": {}, "systems": {}}')
    (tmp_path / "index.html").touch()
    check_output(tmp_path)


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"about": {}}', "[" * 100_000, "\ud800"])
def test_others_are_not(tmp_path, content):
    (tmp_path / "mine.jpg").touch()
    if content is not None:
        (tmp_path / "results.json").write_bytes(content.encode(errors="surrogatepass"))
    with pytest.raises(UserError, match="holds no evaluation"):
        check_output(tmp_path)
    with pytest.raises(UserError, match="holds no evaluation"):
        check_output(tmp_path / "mine.jpg")


def pair_set(*paths: Path) -> PairSet:
    one, two = (Photograph(path, path.name) for path in paths)
    return PairSet((Pair(one, two),), (one, two), "two", "by hand")


def test_output_and_pictures_lie_apart(tmp_path):
    photos, out = tmp_path / "photos", tmp_path / "out"
    photos.mkdir()
    measured = pair_set(photos / "a.jpg", photos / "b.jpg")
    check_apart(out, str(photos), measured)
    check_apart(out, "bundled", measured)
    check_apart(photos / "out", str(photos / "pairs.csv"), measured)  # only what a folder holds is drawn from
    for inside in (photos, photos / "out", photos / "deep" / ".." / "out"):
        with pytest.raises(UserError, match="lies in the folder of the pairs"):
            check_apart(inside, str(photos), measured)
    (tmp_path / "link").symlink_to(photos)
    with pytest.raises(UserError, match="lies in the folder of the pairs"):
        check_apart(tmp_path / "link" / "out", str(photos), measured)


def test_nothing_measured_lies_in_the_output(tmp_path):
    (tmp_path / "results.csv").touch()
    with pytest.raises(UserError, match=r"results\.csv lies in the output folder"):
        check_apart(tmp_path, str(tmp_path / "results.csv"), pair_set(Path("/a.jpg"), Path("/b.jpg")))
    picture = tmp_path / "pictures" / "grid0.jpg"
    with pytest.raises(UserError, match=r"grid0\.jpg lies in the output folder"):
        check_apart(tmp_path, "/pairs.csv", pair_set(Path("/a.jpg"), picture))
