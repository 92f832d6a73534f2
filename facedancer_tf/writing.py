"""Writes the user's files whole; where the disk refuses, the error is one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.whole_files import whole_file
from facedancer_tf.errors import UserError


@contextmanager
def reported(path: Path) -> Iterator[None]:
    """Raises UserError where the block, which writes `path`, raises an OSError."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}", "unwritable") from error


def write_text(path: Path, text: str) -> None:
    """Writes `text` as UTF-8, with its line ends unchanged, to a file beside `path` that is then renamed to `path`.

    Raises UserError where that is impossible.
    """
    with reported(path), whole_file(path) as file:
        file.write(text.encode("utf-8", "backslashreplace"))  # names of files may hold any byte


def make_folder(folder: Path) -> None:
    """Makes `folder` and those above it; raises UserError where that is impossible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"the folder {folder} cannot be made: {error.strerror or error}", "unwritable"
        ) from error
