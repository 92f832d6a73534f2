"""Lets children read hostile files, and sees which of them hang or die."""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.hostile.child import MEMORY_MB

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "benchmarks.hostile.child")
START_S = 180
CASE_S = 10  # of processor time, so that a busy computer changes nothing
CLOCK_S = 90
GLANCE_S = 0.5
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(ROOT)}
FINE = ("read", "refused")
FAULTS = ("ESCAPED", "WORDS", "HANG", "CRASH", "MEMORY")


@dataclass(frozen=True)
class Case:
    """What came of one file: its number, the outcome, what was said, seconds of the processor, and MB of memory."""

    number: int
    outcome: str
    said: str
    seconds: float
    mb: int


class Child:
    """One child and its folder; a child that hung or died is replaced by the next case."""

    def __init__(self, kind: str, seed: int, keep: Path | None) -> None:
        self.kind, self.seed, self.keep = kind, seed, keep
        self.folder = Path(tempfile.mkdtemp())
        self.log = self.folder / "log"
        self.files = self.folder / "files"
        self._process: subprocess.Popen[bytes] | None = None

    def case(self, number: int) -> Case:
        """Has the child make and read the file of this number."""
        process = self._process or self._start()
        if process.stdin is None:
            raise ValueError("a child must have a stdin")
        before_s, began = _processor_s(process), time.monotonic()
        process.stdin.write(f"{number}\n".encode())
        line = None
        while (
            line is None and _processor_s(process) - before_s < CASE_S and time.monotonic() - began < CLOCK_S
        ):
            line = self._line(process, GLANCE_S)
        seconds = _processor_s(process) - before_s
        if line:
            case = Case(number, seconds=seconds, **json.loads(line))
        elif line is None:
            process.send_signal(signal.SIGUSR1)  # it writes down where it is
            time.sleep(0.2)
            self._stop(process)
            case = Case(number, "HANG", "no answer", seconds, 0)
        else:
            self._stop(process)
            if process.returncode > 0:
                raise RuntimeError(f"{self.kind} {number} could not be made:\n{self.log.read_text()[-3000:]}")
            case = Case(number, "CRASH", f"ended with {process.returncode}", seconds, 0)
        if case.outcome not in FINE:
            self._keep(number)
        return case

    def close(self) -> None:
        if self._process:
            self._stop(self._process)
        shutil.rmtree(self.folder)

    def _start(self) -> subprocess.Popen[bytes]:
        shutil.rmtree(self.files, ignore_errors=True)
        self.files.mkdir()
        command = [*COMMAND, self.kind, str(self.seed), str(self.files)]
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, cwd=ROOT,
                env={**os.environ, **QUIET},
            )  # fmt: skip
        if self._line(process, START_S) != b"ready\n":
            self._stop(process)
            raise RuntimeError(f"the sound {self.kind} could not be read:\n{self.log.read_text()[-3000:]}")
        self._process = process
        return process

    def _line(self, process: subprocess.Popen[bytes], timeout_s: float) -> bytes | None:
        """The child's next line; None where none comes in time, b"" where the child has ended."""
        if process.stdout is None or not select.select([process.stdout], [], [], timeout_s)[0]:
            return None
        return process.stdout.readline()

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()
        self._process = None

    def _keep(self, number: int) -> None:
        """Moves what the case has left out of the child's folder, to the folder of faults if there is one."""
        place = self.keep and self.keep / f"{self.kind}-{self.seed}-{number}"
        if place:
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(self.files, place, symlinks=True)
            shutil.copy(self.log, place / "log")
        for path in self.files.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def _processor_s(process: subprocess.Popen[bytes]) -> float:
    """The processor time that a child, and children of its that have ended, have taken, in seconds."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def cases(kind: str, numbers: range, seed: int, children: int, keep: Path | None = None) -> Iterator[Case]:
    """The cases of one kind, as they come, of so many children; `keep` is a folder for those that are not fine."""
    waiting = iter(numbers)

    def work(child: Child) -> list[Case]:
        with closing(child):
            return [child.case(number) for number in waiting]

    with ThreadPoolExecutor(children) as threads:
        for done in threads.map(work, [Child(kind, seed, keep) for _ in range(children)]):
            yield from done


def bounds() -> str:
    """The bounds that cases must keep, in words."""
    return f"at most {CASE_S} s of processor time and {MEMORY_MB} MB each"
