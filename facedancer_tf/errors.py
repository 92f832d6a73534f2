"""Errors that the user can mend, and how a script ends: by one sentence, quietly where nobody reads on."""

import errno
import io
import os
import re
import sys
from collections.abc import Callable
from typing import Literal, NoReturn

from facedancer_tf.interrupts import Interrupts, watched_interrupts
from facedancer_tf.shown_text import say

Code = Literal[
    "invalid", "missing", "unreadable", "unwritable", "in_use", "no_face", "no_such_face", "weights_missing"
]  # fmt: skip
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO)
CLOSED_PIPE = 141  # as a shell reports a program that a closed pipe has ended


class UserError(Exception):
    """An error for wrong input, a missing file or an impossible request. The message is shown without a traceback.

    The message is for people, and `code` for programs. It is one of these:

    - "invalid": the request cannot be (all that is none of the following).
    - "missing": there is no such file or folder.
    - "unreadable": a file is damaged, of another kind than was asked for, or may not be read.
    - "unwritable": the disk is full or refuses, or something else is in the output's place.
    - "in_use": another process works in the same place.
    - "no_face": a picture shows no face that can be used.
    - "no_such_face": a picture has no face of the number that was asked for.
    - "weights_missing": weights that are known by name are not on this machine.

    A message of the library names arguments and settings, never a flag of one script: another script or a program may
    have called it.
    """

    def __init__(self, message: str, code: Code = "invalid") -> None:
        super().__init__(message)
        self.code = code


def run_main(main: Callable[[], None]) -> None:
    """Runs a script's `main`, and ends the process in words that its user can act on.

    A `UserError`, and an error of the environment (no room, no right, no memory), become one line on stderr and exit
    code 2. Ctrl-C becomes exit code 130. Where stdout is a pipe whose reader has left, the process ends without a word.
    Names that the terminal cannot show are printed with escapes.
    """
    _open_closed_streams()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with watched_interrupts() as interrupts:
            try:
                _run(main, interrupts)
            finally:
                sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is buffered still
        sys.exit(CLOSED_PIPE)


def _open_closed_streams() -> None:
    """Opens nothing in the place of each standard stream that is closed.

    Else the next file that is opened would take its number, and what libraries print would be written into that file.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    sys.stdout = sys.stdout or open(1, "w")  # noqa: SIM115 (open until the end)
    sys.stderr = sys.stderr or open(2, "w")  # noqa: SIM115


def _run(main: Callable[[], None], interrupts: Interrupts) -> None:
    try:
        main()
    except UserError as error:
        _leave(f"error: {error}", 2)
    except KeyboardInterrupt:
        _leave("stopped", 130)
    except BrokenPipeError:
        raise
    except Exception as error:
        if interrupts.came:  # and something made another error of it
            _leave("stopped", 130)
        if sentence := environment_error(error):
            _leave(f"error: {sentence}", 2)
        raise


def _leave(line: str, code: int) -> NoReturn:
    say(line, stream=sys.stderr)
    sys.exit(code)


def disk_reason(error: Exception) -> str:
    """The reason for which the disk refused, in the system's words where Python's or TensorFlow's error has them."""
    words = (os.strerror(number) for number in _DISK)
    known = getattr(error, "strerror", None) or next(
        (reason for reason in words if reason in str(error)), None
    )
    return known or " ".join(str(error).split())


def environment_error(error: Exception) -> str:
    """One sentence for an error that the disk, the rights or the memory have caused; empty for any other error."""
    if isinstance(error, MemoryError):
        return "there is not enough memory; end other programs, or work on less at once"
    if isinstance(error, OSError) and error.errno is not None:
        place = f"{error.filename}: " if error.filename is not None else ""
        reason = os.strerror(error.errno) if error.errno in errno.errorcode else str(error)
        there = "that it is there" if error.errno == errno.ENOENT else "to room and rights there"
        return f"{place}{reason}; see {there}, and run it again"
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is None or not isinstance(error, tensorflow.errors.OpError):
        return ""
    # TensorFlow tells a refusing disk only by the system's words, inside a text of its own.
    text = re.sub(r"\{\{.*?\}\} |\[Op:.*?\]", "", " ".join(str(error).split())).strip()
    if any(os.strerror(number) in text for number in _DISK):
        return f"{text[:300]}; see to room and rights there, and run it again"
    full = isinstance(error, tensorflow.errors.ResourceExhaustedError)
    return f"the device has not enough memory ({text[:200]}); make less at once" if full else ""
