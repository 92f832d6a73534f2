"""Tests which pictures are listed in folders, and whose they are."""

import errno
import os
from pathlib import Path

import pytest

from data.folders import list_pictures


def test_listing_labels_by_first_folder(tmp_path: Path) -> None:
    (tmp_path / "anna" / "deep").mkdir(parents=True)
    for name in ("anna/deep/2.JPG", "anna/1.png", "solo.webp", "skip.txt"):
        (tmp_path / name).touch()
    listed = [(item.name, item.label) for item in list_pictures([tmp_path], print)]
    assert listed == [("anna/1.png", "anna"), ("anna/deep/2.JPG", "anna"), ("solo.webp", "solo.webp")]


def test_linked_folders_are_followed_once_and_loops_end(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    for folder in (root / "zoe", elsewhere):
        folder.mkdir(parents=True)
        (folder / "1.png").touch()
    os.symlink(elsewhere, root / "bert")
    os.symlink(root / "zoe", root / "anna")  # reached by its own name already
    os.symlink(root, root / "zoe" / "loop")
    os.symlink(tmp_path / "nowhere", root / "dangling")
    listed = [(item.name, item.label) for item in list_pictures([root], print)]
    assert listed == [("bert/1.png", "bert"), ("zoe/1.png", "zoe")]


def test_folders_that_cannot_be_listed_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("closed", "open"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").touch()
    scandir = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    told: list[OSError] = []
    assert [item.name for item in list_pictures([tmp_path], told.append)] == ["open/1.png"]
    assert [error.filename for error in told] == [str(tmp_path / "closed")]
