"""Keeps an output folder to one set of settings, and to one run at a time."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from data.locks import InUse, only_one
from data.manifest import SETTINGS, write_json
from data.preparing.pieces import PROGRESS
from data.preparing.rounds import ShardsRefused, keeps_lists

# The settings that say of what the shards were made, not how: they change when pictures are added.
COUNTS = {"pictures", "pictures_sha256", "people"}


@contextmanager
def the_only_run(folder: Path) -> Iterator[None]:
    """Keeps other runs out of `folder`; raises ShardsRefused where one is at work there."""
    try:
        with only_one(folder / PROGRESS / "part-0.lock"):
            yield
    except InUse as error:
        raise ShardsRefused(f"another run is at work in {folder}: wait for it or stop it") from error


def claim(folder: Path, settings: dict[str, Any]) -> None:
    """Makes the folder, or checks that its content was begun with the same settings; it may have got more pictures.

    Raises ShardsRefused where it holds something else.
    """
    (folder / PROGRESS).mkdir(parents=True, exist_ok=True)
    path = folder / SETTINGS
    settings = json.loads(json.dumps(settings))
    if not path.is_file():
        if any(folder.glob("*.tfrecord")):
            raise ShardsRefused(f"{folder} holds shards without {SETTINGS}: choose another output folder")
        write_json(path, settings)
        return
    before = _read(path)
    differing = sorted(key for key in before.keys() | settings.keys() if before.get(key) != settings.get(key))
    if differing and set(differing) <= COUNTS and keeps_lists(folder):
        write_json(path, settings)
    elif differing and set(differing) <= COUNTS:
        raise ShardsRefused(
            f"{folder} was made of other pictures, and an earlier version kept no list of them to add to: choose "
            "another output folder"
        )
    elif differing:
        changes = ", ".join(f"{key} ({before.get(key)}, now {settings.get(key)})" for key in differing)
        raise ShardsRefused(
            f"{folder} was begun with other settings: {changes}; choose another output folder"
        )


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise ShardsRefused(
            f"{path} must be as it was written, and it is damaged: choose another output folder"
        )
    return content
