import io
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facedancer_tf.video.people_file import read_people, write_people
from tests.facedancer_tf.video.people_for_tests import make_people, track


def test_what_is_written_is_read(tmp_path: Path) -> None:
    people = make_people([track(0, 9), track(50, 59)], [track(3, 20, x=300)], rotation=90)
    write_people(tmp_path / "people.npz", people)
    again = read_people(tmp_path / "people.npz")
    for one, other in zip(people.persons, again.persons, strict=True):
        assert (one.number, one.seconds, one.times) == (other.number, other.seconds, other.times)
        np.testing.assert_array_equal(one.embedding, other.embedding)
        np.testing.assert_array_equal(one.portrait, other.portrait)
        for mine, yours in zip(one.tracks, other.tracks, strict=True):
            for name in ("frames", "landmarks", "outlines", "strength"):
                np.testing.assert_array_equal(getattr(mine, name), getattr(yours, name))
                assert getattr(mine, name).dtype == getattr(yours, name).dtype
    np.testing.assert_array_equal(people.pts, again.pts)
    for name in ("left_alone", "time_base", "width", "height", "rotation"):
        assert getattr(people, name) == getattr(again, name)


def test_nobody_is_written_and_read(tmp_path: Path) -> None:
    write_people(tmp_path / "people.npz", replace(make_people(), left_alone=[]))
    again = read_people(tmp_path / "people.npz")
    assert (again.persons, again.left_alone, len(again.pts)) == ([], [], 100)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("version", np.int64(99)),
        ("stored", np.array([640, 360, 45])),
        ("stored", np.array([0, 360, 0])),
        ("time_base", np.array([1, 0])),
        ("pts", np.zeros(100, np.int64)),
        ("pts", np.arange(5)),
        ("embeddings", np.full((1, 8), np.nan, np.float32)),
        ("embeddings", np.zeros((1, 8))),
        ("portraits", np.zeros((1, 8, 9, 3), np.uint8)),
        ("track_persons", np.array([1])),
        ("track_starts", np.array([-1])),
        ("track_lengths", np.array([11])),
        ("landmarks", np.zeros((9, 5, 2), np.float32)),
        ("strength", np.full(10, 2, np.float32)),
        ("left_alone", np.array([3])),
        ("landmarks", np.array([None] * 10)),
    ],
)
def test_any_other_content_is_refused(tmp_path: Path, name: str, value: np.ndarray) -> None:
    write_people(tmp_path / "people.npz", make_people([track(0, 9)]))
    with np.load(tmp_path / "people.npz") as file:
        arrays = dict(file)
    np.savez(tmp_path / "other.npz", **{**arrays, name: value})
    with pytest.raises(ValueError, match="people"):
        read_people(tmp_path / "other.npz")


def test_a_missing_array_and_damaged_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "people.npz"
    write_people(path, make_people([track(0, 9)]))
    whole = path.read_bytes()
    with np.load(path) as file:
        arrays = dict(file)
    del arrays["pts"]
    missing = io.BytesIO()
    np.savez(missing, **arrays)
    for content in (b"", whole[: len(whole) // 2], whole[:-30], pickle.dumps([1]), missing.getvalue()):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="people"):
            read_people(path)
