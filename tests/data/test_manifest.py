"""Tests that a manifest is read as it was written, and that a damaged or changed one is one sentence."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.manifest import SETTINGS, manifest_name, read_manifest

NAME = manifest_name(0, 1)


@pytest.fixture
def folder(shards: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(shards, tmp_path / "shards"))


def changed(*keys: Any, to: Any) -> Callable[[dict], dict]:
    """A change of the entry at `keys`; to `...`: left out."""

    def change(content: dict) -> dict:
        *path, last = keys
        place: Any = content
        for key in path:
            place = place[key]
        if to is ...:
            del place[last]
        else:
            place[last] = to
        return content

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda content: [content],
        lambda content: None,
        *(changed(key, to=...) for key in ("version", "settings", "shards", "part", "parts")),
        changed("settings", "size_px", to="16"),
        changed("settings", "size_px", to=True),
        changed("settings", "size_px", to=0),
        changed("settings", "size_px", to=...),
        changed("settings", "shrink", to="1"),
        changed("settings", "shrink", to=float("nan")),
        changed("settings", "shrink", to=1.5),
        changed("settings", "source", to=["pictures"]),
        changed("settings", "source", to="a\x1b[2Jb"),
        changed("settings", "source", to="long" * 1000),
        changed("settings", to=[]),
        changed("parts", to=10**12),
        changed("part", to=1),
        changed("shards", to={"a": 1}),
        changed("shards", 0, to="train"),
        changed("shards", 0, "count", to="7"),
        changed("shards", 0, "bytes", to=-1),
        changed("shards", 0, "sha256", to=...),
        changed("shards", 0, "sha256", to="ab"),
        changed("shards", 0, "more", to=1),
        changed("shards", 0, "split", to="test"),
        changed("shards", 0, "name", to="../train-00000.tfrecord"),
        changed("version", to="1"),
    ],
)  # fmt: skip
def test_what_is_no_manifest_is_one_sentence(folder: Path, change: Callable[[Any], Any]) -> None:
    path = folder / NAME
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(ValueError, match=r"prepare_data\.py") as error:
        read_manifest(folder)
    assert NAME in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"\xff", b"{", b"[" * 100_000])
def test_what_is_no_json_is_one_sentence(folder: Path, content: bytes) -> None:
    (folder / NAME).write_bytes(content)
    with pytest.raises(ValueError, match="damaged or was changed"):
        read_manifest(folder)


def test_settings_that_were_changed_afterwards_are_noticed(folder: Path) -> None:
    settings = read_manifest(folder).settings
    (folder / SETTINGS).write_text(json.dumps(settings))
    assert read_manifest(folder).shrink == 1.0
    for other in (json.dumps({**settings, "shrink": 0.8}), "garbage"):
        (folder / SETTINGS).write_text(other)
        with pytest.raises(ValueError, match=r"same settings in its manifest and in settings\.json"):
            read_manifest(folder)


def test_a_shard_that_two_manifests_list_is_named(folder: Path) -> None:
    shutil.copy(folder / NAME, folder / "manifest-copy.json")
    with pytest.raises(ValueError, match=r"two list train-00000\.tfrecord; keep one"):
        read_manifest(folder)


def test_a_file_of_gigabytes_is_no_manifest_and_is_not_read(folder: Path) -> None:
    with (folder / NAME).open("r+b") as file:
        file.truncate(8 << 30)  # it takes no room
    with pytest.raises(ValueError, match="damaged or was changed"):
        read_manifest(folder)
