"""Keeps results for the links that an answer holds: under names that nobody can guess, and not for long."""

import time
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from shutil import rmtree

from facedancer_tf.serving.errors import Refusal


@dataclass(frozen=True)
class KeptResult:
    """A folder of one result's files; `until` is a time of `time.monotonic`."""

    id: str
    folder: Path
    until: float


class Results:
    """The results that are kept below `folder`: at most `most`, each for `seconds`. Used by the event loop alone."""

    def __init__(self, folder: Path, most: int, seconds: float) -> None:
        self._folder, self._most, self._seconds = folder, most, seconds
        self._kept: dict[str, KeptResult] = {}  # the oldest first

    def add(self) -> KeptResult:
        """Makes room and an empty folder for a new result."""
        self.sweep(self._most - 1)
        name = token_urlsafe(18)
        result = KeptResult(name, self._folder / f"result-{name}", time.monotonic() + self._seconds)
        result.folder.mkdir(0o700)
        self._kept[name] = result
        return result

    def file(self, name: str, *files: str) -> Path:
        """The first of `files` that the result called `name` has; raises Refusal where none is there any more."""
        result = self._kept.get(name)
        if result is not None and result.until >= time.monotonic():
            for path in (result.folder / file for file in files):
                if path.is_file():
                    return path
        raise Refusal(404, "not_found", "there is no such result, or its time is over")

    def remove(self, name: str) -> None:
        """Deletes a result; raises Refusal where there is none."""
        if name not in self._kept:
            raise Refusal(404, "not_found", "there is no such result, or its time is over")
        rmtree(self._kept.pop(name).folder, ignore_errors=True)

    def sweep(self, most: int | None = None) -> None:
        """Deletes results whose time is over, and the oldest where there are more than `most`."""
        now, room = time.monotonic(), self._most if most is None else most
        for name, result in list(self._kept.items()):
            if result.until < now or len(self._kept) > room:
                self.remove(name)
