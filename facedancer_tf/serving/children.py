"""Starts processes of this project, for work on people's films that must not take the server along when it fails."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import IO, Any, cast

from data.pictures import UnreadablePicture
from facedancer_tf.errors import Code, UserError
from facedancer_tf.shown_text import say

_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Child:
    """A process, and the pipes to its stdin and from its stdout."""

    process: subprocess.Popen[bytes]
    stdin: IO[bytes]
    stdout: IO[bytes]


def start_child(module: str, folder: Path, errors: IO[bytes] | int, *arguments: str) -> Child:
    """Starts `module` as a process that works in `folder`, and whose stderr is `errors`, a file or subprocess.DEVNULL.

    Ctrl-C on the server's terminal does not reach it. Raises OSError where no process can be started.
    """
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", module, *arguments],  # -P: what lies in `folder` is never imported
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(_ROOT)},
        start_new_session=True,
    )
    if process.stdin is None or process.stdout is None:
        raise ValueError("a process with two pipes was started, and has none")
    return Child(process, process.stdin, process.stdout)


def ask_child(module: str, folder: Path, name: str, limit_s: float) -> dict[str, Any] | None:
    """What a process of `module` answers (see `answer_parent`) about the file `name` in `folder`.

    None where it crashed, or took longer than `limit_s`. Raises UserError where it answered with one.
    """
    child = start_child(module, folder, subprocess.DEVNULL, name, str(ceil(limit_s)))
    try:
        answer, _ = child.process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        answer = b""
    finally:
        child.process.kill()
        child.process.communicate()
    try:
        values = dict(json.loads(answer))
    except (ValueError, TypeError):
        return None
    if "message" in values:
        raise UserError(values["message"], cast(Code, values["code"]))
    return values


def answer_parent(look: Callable[[Path], dict[str, Any]]) -> None:
    """Prints what `look` says of the file that the first argument names, or its error, as one line of JSON.

    The process ends after the seconds of the second argument, even if nobody who started it lives any more.
    """
    signal.alarm(int(sys.argv[2]))
    try:
        values = look(Path(sys.argv[1]))
    except UnreadablePicture as error:
        values = {"code": "unreadable", "message": str(error)}
    except UserError as error:
        values = {"code": error.code, "message": str(error)}
    say(json.dumps(values))
