"""Starts processes of this project, for work on people's films that must not take the server along when it fails."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

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
