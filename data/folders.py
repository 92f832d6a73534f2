"""Lists the pictures in folders, and says in which folder each lies and what was left out.

Hidden and system files and folders are no pictures: what begins with a dot (such as the `._photo.jpg` that a Mac puts
beside `photo.jpg`), and the folders below in which systems keep thumbnails and deleted files.
"""

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from data.picture_kinds import READ_KINDS, READ_SUFFIXES, START_BYTES, kind_by_content, kind_by_name

HIDDEN = "hidden_or_system"
SYSTEM_NAMES = frozenset(
    {
        "__macosx", "@eadir", "#recycle", "#snapshot", "$recycle.bin", "system volume information", "lost+found",
        "thumbs.db", "ehthumbs.db", "desktop.ini",
    }
)  # fmt: skip
# Names of what was left out, by reason (words joined by "_").
LeftOut = dict[str, list[str]]


@dataclass(frozen=True)
class Item:
    """One unit of work: its unique `name`, the `label` of its identity, and `where` it is (a path, or a number)."""

    name: str
    label: str
    where: str


@dataclass(frozen=True)
class Listing:
    """The pictures below some folders, sorted by name.

    left_out: by reason, the sorted names of hidden and system entries (HIDDEN; a folder counts once and ends in "/"),
    of pictures of a kind that cannot be read (`heic_picture`), and of pictures that can, but are named as if they were
    none (`jpeg_with_another_suffix`).
    """

    items: list[Item]
    left_out: LeftOut


def list_pictures(
    roots: list[Path],
    on_unreadable: Callable[[OSError], None],
    suffixes: tuple[str, ...] = READ_SUFFIXES,
) -> Listing:
    """Lists all pictures (by suffix) under `roots`; the label is the first folder under its root.

    A picture that lies directly in a root is labelled with its file's name. If there are several roots, names begin
    with the root's number. Links to folders are followed; a folder that can be reached twice is listed once.
    `on_unreadable` gets the error of each folder that cannot be listed; such a folder is left out. Raises ValueError
    where a root is no folder.
    """
    items = []
    left_out: LeftOut = defaultdict(list)
    real_paths: set[str] = set()
    for number, root in enumerate(roots):
        if not Path(root).is_dir():
            raise ValueError(f"`roots` must be folders of pictures. Received: {root}")
        for path in _entries_below(Path(root), real_paths, on_unreadable):
            inside = path.relative_to(root)
            name = inside.as_posix() if len(roots) == 1 else f"{number}/{inside.as_posix()}"
            reason = why_left_out(path, suffixes)
            if reason is None:
                items.append(Item(name, inside.parts[0] if len(inside.parts) > 1 else path.name, str(path)))
            elif reason:
                left_out[reason].append(f"{name}/" if path.is_dir() else name)
    return Listing(
        sorted(items, key=lambda item: item.name),
        {reason: sorted(left_out[reason]) for reason in sorted(left_out)},
    )


def words(reason: str) -> str:
    """A reason of `LeftOut` as it is shown to people."""
    return reason.replace("_", " ")


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is hidden, or belongs to a system and not to the user."""
    return name.startswith(".") or name.lower() in SYSTEM_NAMES


def why_left_out(path: Path, suffixes: tuple[str, ...] = READ_SUFFIXES) -> str | None:
    """Why a listing has no item for `path` (see `Listing.left_out`); "" where it is no picture, None where it has one.

    `suffixes`, in small letters, are those of the files that are listed.
    """
    if is_hidden(path.name):
        return HIDDEN
    return None if path.name.lower().endswith(suffixes) else _unusable_picture(path)


def _unusable_picture(path: Path) -> str:
    """Why a file without a picture's suffix is a picture that cannot be used; "" where it looks like none."""
    kind = kind_by_name(path.name)
    if kind is None:
        try:
            if not path.is_file():  # opening a pipe would wait for ever
                return ""
            with path.open("rb") as file:
                kind = kind_by_content(file.read(START_BYTES))
        except OSError:
            return ""
    if kind is None:
        return ""
    return f"{kind}_with_another_suffix" if kind in READ_KINDS else f"{kind}_picture"


def _entries_below(
    root: Path, real_paths: set[str], on_unreadable: Callable[[OSError], None]
) -> Iterator[Path]:
    """Yields every file under `root`, real folders before linked ones, and hidden folders without what is in them.

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
            yield from (Path(folder, name) for name in folders if is_hidden(name))
            folders[:] = sorted(name for name in folders if not is_hidden(name))
            inner = (os.path.join(folder, name) for name in folders)
            waiting += [path for path in inner if os.path.islink(path)]
            yield from (Path(folder, file) for file in files)


def size_of(item: Item) -> int:
    """The size of the item's file in bytes, or -1 where it is no file."""
    return os.stat(item.where).st_size if os.path.exists(item.where) else -1


def digest_listing(items: Iterable[Item]) -> str:
    """SHA-256 over names and file sizes: it tells whether the input is still the same as at the beginning."""
    digest = hashlib.sha256()
    for item in items:
        digest.update(f"{item.name}\0{size_of(item)}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()
