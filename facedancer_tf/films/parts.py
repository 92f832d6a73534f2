"""The folder in which a film grows, `.NAME.parts` beside it: whole segments, from which a run that was ended goes on.

`job.json` in it says what decides the film's pixels: what an earlier run left is used only where that is the same.
"""

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree

from data.locks import InUse, only_one
from data.whole_files import whole_file
from facedancer_tf.errors import UserError
from facedancer_tf.films.segments import SEGMENT_SUFFIX, is_whole
from facedancer_tf.writing import reported

_JOB, _LOCK, _TRACKS = "job.json", "lock", "tracks.npz"
_SAMPLES, _SAMPLE_BYTES = 16, 2**20  # of a file that is too long to be read just to know it


class Parts:
    """What there is of a film. `note` says in a sentence what became of an earlier run's parts, None if nothing did."""

    def __init__(self, folder: Path, note: str | None) -> None:
        self.folder, self.note = folder, note

    @property
    def tracks(self) -> Path:
        """Where the first look at the film may be kept; whoever writes it there writes it whole."""
        return self.folder / _TRACKS

    def segment(self, number: int) -> Path:
        """Where the segment of this number, from 0, belongs."""
        return self.folder / f"{number:06d}{SEGMENT_SUFFIX}"

    def done_segments(self) -> list[Path]:
        """The segments from the first on that are there and whole."""
        done: list[Path] = []
        while is_whole(self.segment(len(done))):
            done.append(self.segment(len(done)))
        return done

    def remove(self) -> None:
        """Deletes the folder, when the film is finished."""
        rmtree(self.folder, ignore_errors=True)


@contextmanager
def parts_of(output: Path, job: Mapping[str, object]) -> Iterator[Parts]:
    """Opens the parts of the film `output` for one run of `job`, plain values that together decide its pixels.

    The folder stays when the block ends, whatever ends it, unless it is empty or `Parts.remove` was called. Raises
    UserError where another process works on the same film, or where the disk refuses.
    """
    folder = folder_of(output)
    with reported(folder):
        folder.mkdir(exist_ok=True)
    try:
        with reported(folder), only_one(folder / _LOCK):
            with_note = Parts(folder, _prepare(folder, job))
            try:
                yield with_note
            finally:
                if not with_note.tracks.exists() and not with_note.segment(0).exists():
                    with_note.remove()
    except InUse as error:
        raise UserError(
            f"{output} is being made by another process; wait for it, or name another output", "in_use"
        ) from error


def folder_of(output: Path) -> Path:
    """Where the parts of the film `output` are kept."""
    return output.with_name(f".{output.name}.parts")


def file_identity(path: Path) -> dict[str, object]:
    """What tells a file from another: its size and the SHA-256 of its content, of samples of it where it is long.

    Raises UserError where it cannot be read.
    """
    try:
        size, digest = path.stat().st_size, hashlib.sha256()
        with path.open("rb") as file:
            if size <= _SAMPLES * _SAMPLE_BYTES:
                digest.update(file.read())
            else:
                for number in range(_SAMPLES):
                    file.seek(number * (size - _SAMPLE_BYTES) // (_SAMPLES - 1))
                    digest.update(file.read(_SAMPLE_BYTES))
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); check the name", "unreadable") from error
    return {"bytes": size, "sha256": digest.hexdigest()}


def _prepare(folder: Path, job: Mapping[str, object]) -> str | None:
    """Makes the folder fit for `job`; returns a note where an earlier run had left something in it."""
    stated = json.loads(json.dumps(job))
    earlier: object = None
    with contextlib.suppress(OSError, ValueError):
        earlier = json.loads((folder / _JOB).read_text(encoding="utf-8"))
    if earlier == stated:
        return "an earlier run was ended; this one goes on where it stood"
    left = [path for path in folder.iterdir() if path.name != _LOCK]
    for path in left:
        path.unlink()
    with whole_file(folder / _JOB) as file:
        file.write(json.dumps(stated, indent=1).encode())
    if left:
        return "an earlier run with other files or settings was ended; its parts are deleted, and all begins anew"
    return None
