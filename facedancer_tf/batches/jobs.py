"""The jobs of a batch: each target with its source and the place of its result; and what makes them impossible."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from data.pictures import SUFFIXES
from facedancer_tf.errors import UserError

# By a film's suffix, the one that its result gets.
FILMS = {
    ".mp4": ".mp4", ".m4v": ".mp4", ".mov": ".mov", ".mkv": ".mkv", ".webm": ".webm", ".gif": ".gif",
    ".avi": ".mp4", ".mpg": ".mp4", ".mpeg": ".mp4", ".wmv": ".mp4", ".flv": ".mp4", ".3gp": ".mp4", ".ogv": ".mp4",
    ".mts": ".mp4", ".m2ts": ".mp4",
}  # fmt: skip
JPEG = ".jpg"  # what files with other names for JPEG (.jpe, .jfif) become


@dataclass(frozen=True)
class Job:
    """One target, and the pictures of the one person whose identity it gets.

    name: what the report calls the target. output: the path of the result, below the output folder.
    """

    name: str
    sources: tuple[Path, ...]
    target: Path
    output: PurePath

    @property
    def is_film(self) -> bool:
        """Whether the target is a film, by its suffix."""
        return self.target.suffix.lower() in FILMS


def output_name(target: PurePath) -> PurePath:
    """The name of a target's result: its own, with another suffix where its own cannot be written."""
    suffix = target.suffix.lower()
    kept = suffix in SUFFIXES or FILMS.get(suffix) == suffix
    return target if kept else target.with_suffix(FILMS.get(suffix, JPEG))


def check_folder(folder: Path) -> None:
    """Raises UserError where `folder` is something else, or its name says that a picture was meant."""
    if folder.exists() and not folder.is_dir():
        raise UserError(f"the output {folder} is a file; many targets need a folder to be written to")
    if not folder.exists() and folder.suffix.lower() in (*SUFFIXES, *FILMS):
        raise UserError(
            f"the output {folder} has the name of a file; many targets need a folder to be written to"
        )


def check_jobs(jobs: Sequence[Job], folder: Path) -> None:
    """Raises UserError where two jobs have one output, or where an input lies in the output folder.

    Inputs there could be overwritten, and the next run would take results for inputs.
    """
    first: dict[PurePath, Job] = {}
    for job in jobs:
        other = first.setdefault(job.output, job)
        if other is not job:
            raise UserError(
                f"{other.name} and {job.name} would both be written to {folder / job.output}; give one of them another "
                "name"
            )
    real = Path(os.path.realpath(folder))
    for path in dict.fromkeys(path for job in jobs for path in (*job.sources, job.target)):
        if Path(os.path.realpath(path)).is_relative_to(real):
            raise UserError(f"{path} lies in the output folder {folder}; name another folder")
