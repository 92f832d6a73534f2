"""Remembers in the output folder which results are finished, and what each was made from.

`.swapped.jsonl` gets a line when a result is begun and one when it is finished. A result is done if its file still has
the content of the second line, and if target, sources, model and settings are those of the line: all are compared by
their content, never by names or times. After a kill the results that were being written are made again.
"""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from data.locks import InUse, only_one
from facedancer_tf.batches.jobs import Job
from facedancer_tf.errors import UserError
from facedancer_tf.weights.catalogue import sha256_of
from facedancer_tf.writing import make_folder, reported, write_text

_SHA256 = re.compile(r"[0-9a-f]{64}")
JOURNAL, LOCK = ".swapped.jsonl", ".swapped.lock"
# What is in a result's place: nothing, a result of this journal, one that was changed since, or somebody else's file.
Place = Literal["free", "ours", "changed", "foreign"]


@dataclass(frozen=True)
class Entry:
    """A result: its path below the folder, what it was made from, and mean likeness to the source before and after.

    made_from and content are SHA-256; content is that of the file, "" until it is finished, and None where nothing was
    written after all.
    """

    output: str
    made_from: str = ""
    content: str | None = ""
    before: float | None = None
    after: float | None = None


class Journal:
    """The entries of one output folder; the last one of an output counts. For one thread at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / JOURNAL
        last = {entry.output: entry for entry in _read(self._path)}
        self._entries = {output: entry for output, entry in last.items() if entry.content is not None}
        self._earlier: dict[str, Entry] = {}  # by outputs that are begun, what they had before
        # Written anew, so that a last line that a kill cut off does not spoil the next one.
        write_text(self._path, "".join(_line(entry) for entry in self._entries.values()))

    def look(self, job: Job) -> tuple[Place, Entry | None]:
        """What is in the place of the job's result, with its entry if there is a result with one."""
        path, entry = self.folder / job.output, self._entries.get(job.output.as_posix())
        if not path.exists() and not path.is_symlink():
            return "free", None
        if entry is None or not path.is_file():
            return "foreign", None
        return ("ours" if entry.content in ("", sha256_of(path)) else "changed"), entry

    def begin(self, job: Job) -> None:
        """Writes down that the job's result is being written; raises UserError where the disk refuses."""
        output = job.output.as_posix()
        if output in self._entries:
            self._earlier[output] = self._entries[output]
        self._add(Entry(output))

    def finish(self, entry: Entry) -> None:
        """Writes down that the result that was begun is finished; raises UserError where the disk refuses."""
        self._earlier.pop(entry.output, None)
        self._add(entry)

    def withdraw(self, job: Job) -> None:
        """Writes down that what was begun came to nothing: what was in its place before is what it was before."""
        output = job.output.as_posix()
        self._add(self._earlier.pop(output, Entry(output, content=None)))

    def _add(self, entry: Entry) -> None:
        with reported(self._path), self._path.open("a", encoding="ascii") as file:
            file.write(_line(entry))
        if entry.content is None:
            self._entries.pop(entry.output, None)
        else:
            self._entries[entry.output] = entry


@contextmanager
def open_journal(folder: Path) -> Iterator[Journal]:
    """Makes the output folder if need be, and opens its journal for this process alone.

    Raises UserError where another process works in the folder, or where it cannot be written.
    """
    make_folder(folder)
    with ExitStack() as held:
        try:
            with reported(folder / LOCK):
                held.enter_context(only_one(folder / LOCK))
        except InUse as error:
            sentence = f"another run writes into {folder}; wait for its end or name another folder"
            raise UserError(sentence, "in_use") from error
        yield Journal(folder)


class Fingerprints:
    """Says what results are made from, each as one SHA-256. `settings` are what all of them share."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._sources: dict[Path, str] = {}

    def of(self, job: Job) -> str:
        """The fingerprint of a job; raises UserError where a file cannot be read. For one thread at a time."""
        for path in job.sources:
            if path not in self._sources:
                self._sources[path] = sha256_of(path)
        parts = [self._settings, [self._sources[path] for path in job.sources], sha256_of(job.target)]
        return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _line(entry: Entry) -> str:
    return json.dumps(asdict(entry)) + "\n"


def _read(path: Path) -> Iterator[Entry]:
    """The entries of a journal's file; lines that are none (cut off by a kill, or damaged) are passed over."""
    try:
        lines = path.read_bytes().splitlines() if path.exists() else []
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error})", "unreadable") from error
    for line in lines:
        try:
            entry = Entry(**json.loads(line))
        except (ValueError, TypeError, RecursionError):
            continue
        if _is_entry(entry):
            yield entry


def _is_entry(entry: Entry) -> bool:
    """Whether every field is of its type and within its bounds: checksums, and cosines with some room for rounding."""
    return (
        isinstance(entry.output, str)
        and isinstance(entry.made_from, str)
        and isinstance(entry.content, str)
        and (entry.content == "" or bool(_SHA256.fullmatch(entry.content)))
        and all(
            number is None or (type(number) in (int, float) and -1.01 <= number <= 1.01)
            for number in (entry.before, entry.after)
        )
    )
