"""Runs a command as a process of its own and takes its times and its memory."""

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Run:
    """Figures of one process: seconds by the clock, seconds of processor time, peak of resident memory in MB."""

    clock_s: float
    processor_s: float
    peak_mb: float


def run(command: list[str], root: Path, output: int = subprocess.DEVNULL) -> tuple[Run, str]:
    """Runs `command` with the modules of the checkout `root`; raises CalledProcessError where it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=output, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(root)}
    )
    said = process.stdout.read().decode() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    clock_s = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Run(clock_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024), said
