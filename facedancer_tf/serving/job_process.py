"""The server's side of a job's process: starts it, hears its reports, stops it, and says how it ended."""

import logging
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Timer
from typing import Protocol

from facedancer_tf.serving.children import start_child
from facedancer_tf.serving.job_child import GRACE_S
from facedancer_tf.serving.job_words import ENDS, LINE_BYTES, JobOrder, JobReport

LOG_BYTES = 4000  # of what a crash has written, its end
_LOG = "errors.txt"
log = logging.getLogger(__name__)


class Running(Protocol):
    """A job that runs. `reports` gives its reports and ends with it, with exactly one of ENDS; `stop` makes it end."""

    def reports(self) -> Iterator[JobReport]: ...

    def stop(self) -> None: ...


class JobProcess:
    """A process that works on `order` in `folder` for `limit_s` seconds at most; raises OSError where none starts."""

    def __init__(self, folder: Path, order: JobOrder, limit_s: float) -> None:
        self._log, self._limit_s = folder / _LOG, limit_s
        self._late = self._stopped = False
        with self._log.open("wb") as errors:
            self._child = start_child("facedancer_tf.serving.job_child", folder, errors)
        self._timers: list[Timer] = []
        self._after(limit_s, self._stop_late)
        with suppress(BrokenPipeError):  # it has ended; `reports` says so
            self._child.stdin.write(order.line())
            self._child.stdin.flush()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._child.process.pid

    def stop(self) -> None:
        """Asks the process to end, and ends it after a grace time; returns at once."""
        self._stopped = True
        with suppress(BrokenPipeError):
            self._child.stdin.close()
        self._after(GRACE_S, self._child.process.kill)

    def reports(self) -> Iterator[JobReport]:
        """The process's reports as they come. The last one is of ENDS, whatever ended the process."""
        end = None
        while end is None and (line := self._child.stdout.readline(LINE_BYTES)):
            report = JobReport.read(line)
            if report is not None and report.stage in ENDS:
                end = report
            elif report is not None:
                yield report
        status = self._ended()
        if self._late:
            too_slow = (
                f"a job may take {self._limit_s:g} seconds, and this one took longer; send a shorter film"
            )
            yield JobReport("failed", code="too_slow", message=too_slow)
        elif self._stopped:
            yield JobReport("stopped")
        else:
            yield end or self._crash(status)

    def _after(self, seconds: float, do: Callable[[], object]) -> None:
        timer = Timer(seconds, do)
        timer.daemon = True
        timer.start()
        self._timers.append(timer)

    def _stop_late(self) -> None:
        self._late = True
        self.stop()

    def _ended(self) -> int:
        """Waits for the end of the process, which has said its last word; returns its status."""
        process = self._child.process
        try:
            status = process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        for timer in self._timers:
            timer.cancel()
        with suppress(BrokenPipeError):
            self._child.stdin.close()
        self._child.stdout.close()
        return status

    def _crash(self, status: int) -> JobReport:
        words = ""
        with suppress(OSError):
            words = self._log.read_bytes()[-LOG_BYTES:].decode(errors="replace")
        log.error("a job's process ended with status %d: %s", status, words)
        if status < 0:
            sentence = "was killed, perhaps because memory ran out; try again, or send a smaller film"
        else:
            sentence = "met an error of its own, which the server's log shows; try another film"
        return JobReport("failed", code="crashed", message=f"the process that swapped this film {sentence}")
