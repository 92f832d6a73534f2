"""Lists the pictures in folders, and says in which folder each lies."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from data.pictures import SUFFIXES


@dataclass(frozen=True)
class Item:
    """One unit of work: its unique `name`, the `label` of its identity, and `where` it is (a path, or a number)."""

    name: str
    label: str
    where: str


def list_pictures(roots: list[Path], on_unreadable: Callable[[OSError], None]) -> list[Item]:
    """Lists all pictures (by suffix) under `roots`, sorted by name; the label is the first folder under its root.

    A picture that lies directly in a root is labelled with its file's name. If there are several roots, names begin
    with the root's number. Links to folders are followed; a folder that can be reached twice is listed once.
    `on_unreadable` gets the error of each folder that cannot be listed; such a folder is left out. Raises ValueError
    where a root is no folder.
    """
    items = []
    real_paths: set[str] = set()
    for number, root in enumerate(roots):
        if not Path(root).is_dir():
            raise ValueError(f"`roots` must be folders of pictures. Received: {root}")
        for path in _files_below(Path(root), real_paths, on_unreadable):
            if path.name.lower().endswith(SUFFIXES):
                inside = path.relative_to(root)
                name = inside.as_posix() if len(roots) == 1 else f"{number}/{inside.as_posix()}"
                items.append(Item(name, inside.parts[0] if len(inside.parts) > 1 else path.name, str(path)))
    return sorted(items, key=lambda item: item.name)


def _files_below(
    root: Path, real_paths: set[str], on_unreadable: Callable[[OSError], None]
) -> Iterator[Path]:
    """Yields every file under `root`, real folders before linked ones.

    `real_paths` holds the folders that were listed before; they are left out, and new ones are added to it.
    """
    waiting = [str(root)]
    while waiting:
        for folder, folders, files in os.walk(waiting.pop(0), onerror=on_unreadable):
            real = os.path.realpath(folder)
            if real in real_paths:
                folders.clear()
                continue
            real_paths.add(real)
            folders.sort()
            inner = (os.path.join(folder, name) for name in folders)
            waiting += [path for path in inner if os.path.islink(path)]
            yield from (Path(folder) / file for file in files)


def size_of(item: Item) -> int:
    """The size of the item's file in bytes, or -1 where it is no file."""
    return os.stat(item.where).st_size if os.path.exists(item.where) else -1


def digest_listing(items: Iterable[Item]) -> str:
    """SHA-256 over names and file sizes: it tells whether the input is still the same as at the beginning."""
    digest = hashlib.sha256()
    for item in items:
        digest.update(f"{item.name}\0{size_of(item)}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()
