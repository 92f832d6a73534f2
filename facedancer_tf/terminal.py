"""Prints to the terminal: names from disks and words from files may hold characters that it would obey."""

import sys
from typing import TextIO


def printable(text: str) -> str:
    """Writes what does not print as escapes: line ends, control characters, marks that turn the direction of text."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text
    )


def say(*lines: str, stream: TextIO | None = None) -> None:
    """Prints each of `lines` as one line that is `printable`, to `stream` (stdout), at once."""
    for line in lines:
        print(printable(line), file=sys.stdout if stream is None else stream, flush=True)
