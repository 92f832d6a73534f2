"""The people of a folder follow from the names of files and folders alone."""

from pathlib import Path

import pytest

from facedancer_tf.errors import UserError
from facedancer_tf.people import list_people


def people(folder: Path, names: list[str]) -> dict[str, str]:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    found = list_people(folder).pictures
    inside = [path.relative_to(folder).as_posix() for path, _ in found]
    assert inside == sorted(inside)
    return dict(zip(inside, (person for _, person in found), strict=True))


def test_subfolders_are_people_and_a_file_beside_them_is_one(tmp_path):
    found = people(tmp_path, ["ann/1.jpg", "ann/deep/2.jpg", "bob/1.jpg", "ann_1.jpg", "ann_2.jpg"])
    assert [found[n] for n in ("ann/1.jpg", "ann/deep/2.jpg", "bob/1.jpg")] == ["ann", "ann", "bob"]
    assert found["ann_1.jpg"] != found["ann_2.jpg"]


@pytest.mark.parametrize("wrap", ["", "photos/", "photos/all/"])
def test_folders_around_everything_are_nobody(tmp_path, wrap):
    found = people(tmp_path, [f"{wrap}ann/1.jpg", f"{wrap}ann/2.jpg", f"{wrap}bob/1.jpg"])
    assert list(found.values()) == ["ann", "ann", "bob"]
    (tmp_path / "readme.txt").write_text("no picture")
    assert list(people(tmp_path, []).values()) == ["ann", "ann", "bob"]


@pytest.mark.parametrize("wrap", ["", "photos/"])
def test_views_of_people(tmp_path, wrap):
    names = [
        f"{wrap}{name}" for name in ("00001_0.jpg", "00001_1.png", "Ann_Lee_0001.jpg", "Ann_Lee_0002.jpg")
    ]
    assert list(people(tmp_path, names).values()) == ["00001", "00001", "Ann_Lee", "Ann_Lee"]


@pytest.mark.parametrize(
    "names",
    [
        ["IMG_0001.jpg", "IMG_0002.jpg", "DSC_0007.jpg", "DSC_0008.jpg"],
        ["img_0001.jpg", "img_0002.jpg", "ann_1.jpg", "ann_2.jpg"],  # a camera's among views
        ["IMG_20230101_120000.jpg", "IMG_20230101_120107.jpg", "IMG_20230102_080000.jpg"],
        ["20230101_120000.jpg", "20230101_120107.jpg", "20230102_080000.jpg"],
        ["frame_0001.jpg", "frame_0002.jpg", "frame_0003.jpg"],  # one word before every number
        ["ann_1.jpg", "bob_1.jpg", "eve_7.jpg"],  # nobody twice
        ["ann_1.jpg", "ann_2.jpg", "bob_1.jpg", "eve.jpg"],
        ["ann_left.jpg", "ann_right.jpg", "bob_left.jpg"],  # views that are no numbers
        ["ann.jpg", "ann.png", "bob.jpg"],
    ],
)
def test_otherwise_every_file_is_a_person(tmp_path, names):
    assert len(set(people(tmp_path, names).values())) == len(names)


def test_no_folder_is_said(tmp_path):
    with pytest.raises(UserError, match="there is no folder"):
        list_people(tmp_path / "nowhere")
    assert list_people(tmp_path).pictures == []


@pytest.mark.parametrize("wrap", ["", "photos/"])
def test_what_a_mac_leaves_in_a_folder_is_nobody(tmp_path, wrap):
    names = [f"{wrap}{name}" for name in ("anna_0.jpg", "anna_1.jpg", "bert_0.jpg", "bert_1.jpg")]
    left = [f"{wrap}._{Path(name).name}" for name in names] + ["__MACOSX/anna_0.jpg"]
    for name in left:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert list(people(tmp_path, names).values()) == ["anna", "anna", "bert", "bert"]
    hidden = list_people(tmp_path).left_out["hidden_or_system"]
    assert hidden == sorted([*left[:-1], "__MACOSX/"])
