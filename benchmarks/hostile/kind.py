"""What a kind of hostile files is: how its cases are made, and what of the project reads them."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Kind:
    """One kind of files.

    sound: writes the sound files, each of which `read` must accept, into a folder and returns their paths. damage:
    writes one damaged file into a folder and returns its path. read: reads a file as the project does for its users.
    refusals: the very errors with which it may refuse one, in a sentence.
    """

    sound: Callable[[Path], Sequence[Path]]
    damage: Callable[[Path, random.Random], Path]
    read: Callable[[Path], Any]
    refusals: tuple[type[Exception], ...]


def kind_of_files(
    files: Callable[[], Mapping[str, bytes]],
    damage_one: Callable[[Mapping[str, bytes], random.Random], tuple[str, bytes]],
    read: Callable[[Path], Any],
    refusals: tuple[type[Exception], ...],
) -> Kind:
    """A kind whose sound files are these, by name, and whose damaged ones `damage_one` makes of them."""

    def write(folder: Path, name: str, content: bytes) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return Kind(
        lambda folder: [write(folder, name, content) for name, content in files().items()],
        lambda folder, chance: write(folder, *damage_one(files(), chance)),
        read,
        refusals,
    )
