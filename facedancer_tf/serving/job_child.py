"""The process of a job: swaps one film, says how far it is, and ends with the server, however that ends.

python -m facedancer_tf.serving.job_child, in the job's folder: an order on stdin, reports on stdout (`job_words`)
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from facedancer_tf.errors import UserError, environment_error
from facedancer_tf.interrupts import watched_interrupts
from facedancer_tf.quiet_start import load_tensorflow_quietly
from facedancer_tf.serving.job_words import LINE_BYTES, JobOrder, JobReport

GRACE_S = 5.0  # to stop in, before it ends in any state
EVERY_S = 0.2  # between two reports of one stage
POLITENESS = 5  # of the operating system's 19: whoever waits for a picture goes first

Tell = Callable[[JobReport], object]


def main() -> None:
    os.nice(POLITENESS)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a server in the background may ignore it
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # systemd sends it to all: the server says when to stop
    reports = _own_stdout()

    def tell(report: JobReport) -> None:
        reports.write(report.line())

    with watched_interrupts(last_words=True) as interrupts:
        try:
            order = JobOrder.read(sys.stdin.buffer.readline(LINE_BYTES))
            threading.Thread(target=_stop_when_stdin_ends, daemon=True).start()
            notes = swap(order, tell)
            tell(JobReport("done", notes=tuple(notes)))
        except UserError as error:
            tell(JobReport("failed", code=error.code, message=str(error)))
        except KeyboardInterrupt:
            tell(JobReport("stopped"))
        except Exception as error:
            if interrupts.came:  # and something made another error of it
                tell(JobReport("stopped"))
            elif sentence := environment_error(error):
                code = "unwritable" if isinstance(error, OSError) else "crashed"
                tell(JobReport("failed", code=code, message=sentence))
            raise  # without a last report it is a crash


def swap(order: JobOrder, tell: Tell) -> list[str]:
    """Swaps the film of an order; returns notes. Raises UserError as `swap_film` does, and for too many frames."""
    tell(JobReport("loading"))
    from facedancer_tf.swapping.swapper import Swapper
    from facedancer_tf.video.casting import Whom, Wish
    from facedancer_tf.video.film_settings import FilmSettings

    whom: Whom = "all" if order.whom == "all" else order.whom if isinstance(order.whom, int) else "largest"
    swapper = Swapper(order.model)
    load_tensorflow_quietly()
    from facedancer_tf.plain_graphs import run_graphs_as_they_are

    run_graphs_as_they_are()
    from facedancer_tf.video.film_swap import swap_film

    wish = Wish(tuple(map(Path, order.sources)), whom)
    listener = _Listener(tell, order.frames_max)
    return swap_film(swapper, [wish], Path(order.target), Path(order.output), FilmSettings(), listener).notes


class _Listener:
    """Reports a stage when it begins, and then now and then; refuses a film of too many frames."""

    def __init__(self, tell: Tell, frames_max: int) -> None:
        self._tell, self._frames_max = tell, frames_max
        self._stage, self._told_s = "", 0.0

    def __call__(self, stage: str, frames: int, total: int | None) -> None:
        if frames > self._frames_max:  # files may keep silent about it, or lie
            raise UserError(f"a film may have {self._frames_max} frames here, and this one has more")
        now_s = time.monotonic()
        if stage != self._stage or now_s - self._told_s > EVERY_S:
            self._stage, self._told_s = stage, now_s
            self._tell(JobReport(stage, frames, total))


def _own_stdout() -> BinaryIO:
    """The pipe to the server; what else is printed goes to stderr from now on."""
    pipe = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(pipe, "wb", buffering=0)


def _stop_when_stdin_ends() -> None:
    while os.read(0, 1):  # past Python's own reader, whose lock would end the process in disorder
        pass
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    time.sleep(GRACE_S)
    os._exit(1)


if __name__ == "__main__":
    main()
