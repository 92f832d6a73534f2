"""Writes the user's files whole; where the disk refuses, the error is one sentence."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.whole_files import passing_path, whole_file
from facedancer_tf.errors import UserError


@contextmanager
def reported(path: Path) -> Iterator[None]:
    """Raises UserError where the block, which writes `path`, raises an OSError."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}", "unwritable") from error


@contextmanager
def files_together(folder: Path) -> Iterator[Path]:
    """Makes `folder`, and an empty one in it for files that take their places in `folder` when the block ends well.

    They replace files of the same names; what else lies in `folder` stays. Where the block fails nothing is changed.
    Raises UserError where the disk refuses.
    """
    make_folder(folder)
    with passing_path(folder / "files") as beside:
        with reported(folder):
            beside.mkdir()
        yield beside
        with reported(folder):
            for part in [path for path in sorted(beside.rglob("*")) if path.is_dir()]:
                (folder / part.relative_to(beside)).mkdir(exist_ok=True)
            for file in [path for path in sorted(beside.rglob("*"), reverse=True) if path.is_file()]:
                os.replace(file, folder / file.relative_to(beside))


def write_text(path: Path, text: str) -> None:
    """Writes `text` as UTF-8, with its line ends unchanged, to a file beside `path` that is then renamed to `path`.

    Raises UserError where that is impossible.
    """
    with reported(path), whole_file(path) as file:
        file.write(text.encode("utf-8", "backslashreplace"))  # names of files may hold any byte


def check_folder(folder: Path) -> None:
    """Raises UserError where `folder` is not there or cannot be written. To be called before anything takes time."""
    if not folder.resolve().is_dir():
        raise UserError(f"the output folder {folder} does not exist; make it first", "missing")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(
            f"the folder {folder} cannot be written: give the right to write there, or name another",
            "unwritable",
        )


def make_folder(folder: Path) -> None:
    """Makes `folder` and those above it; raises UserError where that is impossible, or it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"the folder {folder} cannot be made: {error.strerror or error}", "unwritable"
        ) from error
    check_folder(folder)
