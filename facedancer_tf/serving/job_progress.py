"""How far a job is as a whole, and how long it will take, from its reports."""

import time
from collections.abc import Callable

from facedancer_tf.serving.job_words import JobReport

# Where each stage begins and ends, of the time after loading. Measured on two cores with the embedded model: of a film
# of 72 frames, 1280 x 720 with one face, looking took 36 %, swapping 56 % and writing 8 %.
SHARES = {"looking": (0.0, 0.36), "swapping": (0.36, 0.93), "writing": (0.93, 1.0)}
SURE_FROM_S = 1.0  # of work; before that, nothing is said of the time that is left


class Progress:
    """Takes the reports of one job. `stage` is the last one's, and `fraction` how much is done, from 0 to 1."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.stage, self.fraction = "loading", 0.0
        self._clock, self._began_s = clock, 0.0

    def take(self, report: JobReport) -> None:
        """Takes a report of one of STAGES."""
        if self.stage == "loading" and report.stage != "loading":
            self._began_s = self._clock()
        self.stage = report.stage
        start, end = SHARES.get(report.stage, (0.0, 0.0))
        if report.stage != "writing" and report.total:
            start += (end - start) * min(report.frames / report.total, 1.0)
        self.fraction = max(self.fraction, start)

    @property
    def seconds_left(self) -> float | None:
        """About how many seconds are left; None while that cannot be said."""
        worked_s = self._clock() - self._began_s
        if not self.fraction or worked_s < SURE_FROM_S:
            return None
        return worked_s * (1 - self.fraction) / self.fraction
