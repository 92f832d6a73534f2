"""Tells which person each picture of a folder shows: one rule wherever two files may show one person.

Folders that all pictures share are removed from their paths first (a copy often comes wrapped in one). Then:

1. Where pictures lie in subfolders, the first subfolder is the person; a picture beside them is a person of its own.
2. Else `person_view.jpg`, where the view is a number, is a view of that person, if every file is named so, some person
   has two views and there are two people or more. One name before all numbers, like `frame_0001`, is no person's name.
3. Else every file is a person of its own.

Camera names do not name people, and one of them is enough for rule 3. They are three letters, an underscore and four
digits (`IMG_0001`, `DSC_0007`; cameras name files so by the DCF standard), or a date and a time
(`IMG_20230101_120000`). Longer words with four digits are people, because well-known sets name their files so
(`Aaron_Peirsol_0001`).
"""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePath

from data.folders import LeftOut, list_pictures
from facedancer_tf.errors import UserError

PERSON_VIEW = re.compile(r"(.+)_[0-9]+")
CAMERA = re.compile(r"[A-Za-z]{3}_[0-9]{4}|(.*_)?(19|20)[0-9]{6}_[0-9]{6,}")


@dataclass(frozen=True)
class People:
    """The pictures of a folder, each with the person that it shows, sorted by the path below the folder.

    left_out: names of files and folders that are no usable pictures, by reason (see `data.folders.Listing`).
    """

    pictures: list[tuple[Path, str]]
    left_out: LeftOut


def list_people(folder: Path) -> People:
    """Lists every picture below `folder` with the person that it shows.

    Raises UserError where there is no such folder or a folder in it cannot be listed.
    """
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}; check the name", "missing")
    unreadable: list[OSError] = []
    listing = list_pictures([folder], unreadable.append)
    if unreadable:
        raise UserError(f"{unreadable[0].filename} cannot be listed ({unreadable[0].strerror})", "unreadable")
    inside = without_shared_folders([PurePath(item.name).parts for item in listing.items])
    if any(len(parts) > 1 for parts in inside):
        people = [parts[0] for parts in inside]
    else:
        names = [parts[0] for parts in inside]
        people = people_of_views([PurePath(name).stem for name in names]) or names
    pictures = [(Path(item.where), person) for item, person in zip(listing.items, people, strict=True)]
    return People(pictures, listing.left_out)


def without_shared_folders(paths: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The paths, in parts, without the folders with which all of them begin."""
    shared = 0
    while paths and all(len(parts) > shared + 1 and parts[shared] == paths[0][shared] for parts in paths):
        shared += 1
    return [parts[shared:] for parts in paths]


def people_of_views(stems: list[str]) -> list[str] | None:
    """The people of files named `person_view`; None where rule 2 of the module does not hold."""
    matches = [PERSON_VIEW.fullmatch(stem) for stem in stems if not CAMERA.fullmatch(stem)]
    people = [match[1] for match in matches if match]
    counts = Counter(people)
    if len(people) < len(stems) or len(counts) < 2 or max(counts.values()) < 2:
        return None
    return people
