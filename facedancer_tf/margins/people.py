"""Whose picture a file is, by its name: `person_view.jpg`, or one folder per person."""

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath

from data.folders import list_pictures
from data.pictures import SUFFIXES
from facedancer_tf.errors import UserError


@dataclass(frozen=True)
class View:
    """A picture file, whose it is, and which view of that person: the same word means the same pose and light."""

    path: Path
    person: str
    view: str


@contextmanager
def opened(source: Path) -> Iterator[Path]:
    """`source` as a folder: itself, or the pictures of a zip file, unpacked for as long as the block runs.

    Raises UserError where it is neither, or the zip file is damaged.
    """
    if source.is_dir():
        yield source
        return
    if not zipfile.is_zipfile(source):
        raise UserError(f"{source} is neither a folder nor a zip file of pictures; check the name")
    with tempfile.TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(source) as archive:
                archive.extractall(
                    folder, [name for name in archive.namelist() if name.lower().endswith(SUFFIXES)]
                )
        except (zipfile.BadZipFile, RuntimeError, OSError) as error:  # RuntimeError: encrypted
            raise UserError(f"{source} cannot be unpacked ({error}); make it anew") from error
        yield Path(folder)


def list_views(folder: Path) -> list[View]:
    """All pictures below `folder` in the order of their names.

    The person is the first folder below the one that all pictures share; of a picture right in that one, the name up
    to its last underscore (all of it where there is none, so a picture of a person with no other).
    """
    unreadable: list[OSError] = []
    items = list_pictures([folder], unreadable.append)
    if unreadable:
        raise UserError(f"{unreadable[0].filename} cannot be listed ({unreadable[0].strerror})")
    inside = [PurePath(item.name).parts for item in items]
    shared = 0
    while inside and all(len(parts) > shared + 1 and parts[shared] == inside[0][shared] for parts in inside):
        shared += 1
    views = []
    for item, parts in zip(items, inside, strict=True):
        stem = PurePath(parts[-1]).stem
        if len(parts) > shared + 1:
            person, view = parts[shared], stem
        else:
            person, _, view = stem.rpartition("_")
        views.append(View(Path(item.where), person or stem, view))
    return views
