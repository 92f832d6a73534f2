"""The pictures in folders: which there are, and in which folder each lies."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from data.pictures import SUFFIXES


@dataclass(frozen=True)
class Item:
    """One unit of work: its unique `name`, the identity's `label`, and `where` it is (a path, or a number)."""

    name: str
    label: str
    where: str


def list_pictures(roots: list[Path], on_unreadable: Callable[[OSError], None]) -> list[Item]:
    """All pictures (by suffix) under the folders, sorted by name; the label is the first folder under its root.

    A picture right in a root is labelled with its file's name. Of several roots, names begin with the root's number.
    Links to folders are followed; a folder that can be reached twice is taken once. `on_unreadable` hears of folders
    that cannot be listed, which are left out. Raises ValueError where a root is no folder.
    """
    items = []
    seen: set[str] = set()
    for number, root in enumerate(roots):
        if not Path(root).is_dir():
            raise ValueError(f"`roots` must be folders of pictures. Received: {root}")
        for path in _files_below(Path(root), seen, on_unreadable):
            if path.name.lower().endswith(SUFFIXES):
                inside = path.relative_to(root)
                name = inside.as_posix() if len(roots) == 1 else f"{number}/{inside.as_posix()}"
                items.append(Item(name, inside.parts[0] if len(inside.parts) > 1 else path.name, str(path)))
    return sorted(items, key=lambda item: item.name)


def _files_below(root: Path, seen: set[str], on_unreadable: Callable[[OSError], None]) -> Iterator[Path]:
    """Every file under `root`; real folders before linked ones, none that is among `seen` (real paths)."""
    waiting = [str(root)]
    while waiting:
        for folder, folders, files in os.walk(waiting.pop(0), onerror=on_unreadable):
            real = os.path.realpath(folder)
            if real in seen:
                folders.clear()
                continue
            seen.add(real)
            folders.sort()
            inner = (os.path.join(folder, name) for name in folders)
            waiting += [path for path in inner if os.path.islink(path)]
            yield from (Path(folder) / file for file in files)


def digest_listing(items: Iterable[Item]) -> str:
    """SHA-256 over names and file sizes: tells whether the input is still the one that was begun with."""
    digest = hashlib.sha256()
    for item in items:
        size = os.stat(item.where).st_size if os.path.exists(item.where) else -1
        digest.update(f"{item.name}\0{size}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()
