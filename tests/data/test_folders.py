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
    listed = [(item.name, item.label) for item in list_pictures([tmp_path], print).items]
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
    listed = [(item.name, item.label) for item in list_pictures([root], print).items]
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
    assert [item.name for item in list_pictures([tmp_path], told.append).items] == ["open/1.png"]
    assert [error.filename for error in told] == [str(tmp_path / "closed")]


def test_hidden_and_system_entries_are_left_out_and_counted(tmp_path: Path) -> None:
    for name in (
        "anna/1.jpg", "anna/._1.jpg", "__MACOSX/anna/._1.jpg", "anna/@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg",
        ".Trash/2.jpg", "Thumbs.db", ".DS_Store", "$RECYCLE.BIN/3.jpg",
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    listing = list_pictures([tmp_path], print)
    assert [item.name for item in listing.items] == ["anna/1.jpg"]
    assert listing.left_out == {
        "hidden_or_system": sorted(
            [
                "$RECYCLE.BIN/",
                ".DS_Store",
                ".Trash/",
                "Thumbs.db",
                "__MACOSX/",
                "anna/._1.jpg",
                "anna/@eaDir/",
            ]
        )
    }
    hidden_root = tmp_path / ".Trash"  # what the user names is no secret
    assert [item.name for item in list_pictures([hidden_root], print).items] == ["2.jpg"]


def test_jpeg_has_four_suffixes_and_other_pictures_are_counted_by_kind(tmp_path: Path) -> None:
    contents = {
        "a.jfif": b"", "b.JPE": b"", "c.heic": b"", "d.TIF": b"", "e.avif": b"", "f.gif": b"",
        "no_suffix": b"\xff\xd8\xff\xe0" + bytes(40), "g.tmp": bytes(4) + b"ftypheic" + bytes(40),
        "h.bak": b"\x89PNG\r\n\x1a\n" + bytes(40), "BMW.txt": b"BMW makes cars, and this is a text", "i.txt": b"",
    }  # fmt: skip
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    os.mkfifo(tmp_path / "pipe")  # whoever opens it waits for ever
    listing = list_pictures([tmp_path], print)
    assert [item.name for item in listing.items] == ["a.jfif", "b.JPE"]
    assert listing.left_out == {
        "avif_picture": ["e.avif"],
        "gif_picture": ["f.gif"],
        "heic_picture": ["c.heic", "g.tmp"],
        "jpeg_with_another_suffix": ["no_suffix"],
        "png_with_another_suffix": ["h.bak"],
        "tiff_picture": ["d.TIF"],
    }
