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

from benchmarks.hostile.child import MEMORY_MB, READY, SOUND

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

    def __init__(self, seed: int, keep: Path | None) -> None:
        self.seed, self.keep = seed, keep
        self.folder = Path(tempfile.mkdtemp())
        self.log = self.folder / "log"
        self.files = self.folder / "files"
        self._process: subprocess.Popen[bytes] | None = None
        self._ready: set[str] = set()  # kinds

    def case(self, kind: str, number: int) -> Case:
        """Has the child make and read the file of this kind and number."""
        process = self._process or self._start()
        if kind not in self._ready:
            _ask(process, kind, SOUND)
            if self._line(process, START_S) != f"{READY}\n".encode():
                self._stop(process)
                raise RuntimeError(f"the sound {kind} could not be read:\n{self.log.read_text()[-3000:]}")
            self._ready.add(kind)
        before_s, began = _processor_s(process), time.monotonic()
        _ask(process, kind, str(number))
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
                raise RuntimeError(f"{kind} {number} could not be made:\n{self.log.read_text()[-3000:]}")
            case = Case(number, "CRASH", f"ended with {process.returncode}", seconds, 0)
        if case.outcome not in FINE:
            self._keep(f"{kind}-{self.seed}-{number}")
        return case

    def close(self) -> None:
        if self._process:
            self._stop(self._process)
        shutil.rmtree(self.folder)

    def _start(self) -> subprocess.Popen[bytes]:
        shutil.rmtree(self.files, ignore_errors=True)
        self.files.mkdir()
        command = [*COMMAND, str(self.seed), str(self.files)]
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, cwd=ROOT,
                env={**os.environ, **QUIET},
            )  # fmt: skip
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
        self._ready.clear()

    def _keep(self, name: str) -> None:
        """Moves what the case has left out of the child's folder, to the folder of faults if there is one."""
        place = self.keep and self.keep / name
        if place:
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(self.files, place, symlinks=True)
            shutil.copy(self.log, place / "log")
        for path in self.files.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def _ask(process: subprocess.Popen[bytes], kind: str, what: str) -> None:
    if process.stdin is None:
        raise ValueError("a child must have a stdin")
    process.stdin.write(f"{kind} {what}\n".encode())


def _processor_s(process: subprocess.Popen[bytes]) -> float:
    """The processor time that a child, and children of its that have ended, have taken, in seconds."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def cases(kind: str, numbers: range, seed: int, children: int, keep: Path | None = None) -> Iterator[Case]:
    """The cases of one kind, as they come, of so many children; `keep` is a folder for those that are not fine."""
    waiting = iter(numbers)

    def work(child: Child) -> list[Case]:
        with closing(child):
            return [child.case(kind, number) for number in waiting]

    with ThreadPoolExecutor(children) as threads:
        for done in threads.map(work, [Child(seed, keep) for _ in range(children)]):
            yield from done


def bounds() -> str:
    """The bounds that cases must keep, in words."""
    return f"at most {CASE_S} s of processor time and {MEMORY_MB} MB each"
