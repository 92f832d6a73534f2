"""Lists the targets of a batch: the pictures and films in a folder, or those that a pattern like "pics/*.jpg" names."""

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from data.folders import HIDDEN, LeftOut, is_hidden, list_pictures, why_left_out, words
from data.picture_kinds import READ_SUFFIXES
from facedancer_tf.batches.jobs import FILMS, Job, output_name
from facedancer_tf.errors import UserError

LISTED_SUFFIXES = (*READ_SUFFIXES, *FILMS)


@dataclass(frozen=True)
class Targets:
    """The jobs, sorted by name; and the names of pictures that cannot be read, by reason."""

    jobs: list[Job]
    unusable: dict[str, str]


def means_many(path: Path) -> bool:
    """Whether the last picture on a command line is a folder or a pattern, and no file."""
    return path.is_dir() or (not path.exists() and glob.has_magic(str(path)))


def list_targets(sources: Sequence[Path], targets: Path, output: Path) -> Targets:
    """Lists the targets that a folder or a pattern means, with the jobs that write them below the folder `output`.

    Names and subfolders are kept, counted from the folder or from the last folder before the pattern's first wildcard.
    "**" in a pattern means any depth. Raises UserError where there is nothing to do, a folder cannot be listed, or
    `output` is or lies in a folder that is searched.
    """
    files, left_out = _list_folder(targets, output) if targets.is_dir() else _match(str(targets), output)
    if not files and not left_out:
        others = "" if targets.is_dir() else "; put a pattern in quotes, and see that it fits"
        raise UserError(f"there is no picture or film in {targets}{others}", "missing")
    jobs = [
        Job(name, tuple(sources), path, output_name(PurePath(name))) for name, path in sorted(files.items())
    ]
    unusable = {
        name: f"{words(reason)}: convert it to JPEG or PNG, or give it its right suffix"
        for reason, names in left_out.items()
        for name in names
    }
    return Targets(jobs, unusable)


def _list_folder(root: Path, output: Path) -> tuple[dict[str, Path], LeftOut]:
    _check_apart(output, root, in_depth=True)
    unreadable: list[OSError] = []
    listing = list_pictures([root], unreadable.append, LISTED_SUFFIXES)
    if unreadable:
        raise UserError(f"{unreadable[0].filename} cannot be listed ({unreadable[0].strerror})", "unreadable")
    left_out = {reason: names for reason, names in listing.left_out.items() if reason != HIDDEN}
    return {item.name: Path(item.where) for item in listing.items}, left_out


def _match(pattern: str, output: Path) -> tuple[dict[str, Path], LeftOut]:
    parts = Path(pattern).parts
    depth = next(number for number, part in enumerate(parts) if glob.has_magic(part))
    root = Path(*parts[:depth])
    _check_apart(output, root, in_depth=len(parts) > depth + 1)
    files: dict[str, Path] = {}
    left_out: LeftOut = {}
    for path in map(Path, glob.iglob(pattern, recursive=True)):
        name = path.relative_to(root).as_posix()
        system = path.is_dir() or any(is_hidden(part) for part in PurePath(name).parts)
        reason = HIDDEN if system else why_left_out(path, LISTED_SUFFIXES)
        if reason is None:
            files[name] = path
        elif reason not in ("", HIDDEN):
            left_out.setdefault(reason, []).append(name)
    return files, left_out


def _check_apart(output: Path, root: Path, in_depth: bool) -> None:
    """Raises UserError where the next run would find the results of this one among the targets in `root`."""
    real, searched = Path(os.path.realpath(output)), Path(os.path.realpath(root))
    if real == searched or (in_depth and real.is_relative_to(searched)):
        place = "is" if real == searched else "lies in"
        raise UserError(f"the output folder {output} {place} the folder of the targets, {root}; name another")
