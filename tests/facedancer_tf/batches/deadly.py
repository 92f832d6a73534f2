"""A worker of the tests, which some targets kill; workers import it by name."""

import os
from collections.abc import Callable

from facedancer_tf.batches.jobs import Job
from facedancer_tf.batches.swapping_worker import Outcome, StagesElsewhere

DEADLY = "deadly.png"


class DeadlyStages(StagesElsewhere):
    """Stages that are built with the first target that lets its worker live."""

    def __call__(self) -> Callable[[Job], Outcome]:
        built: list[Callable[[Job], Outcome]] = []

        def swap(job: Job) -> Outcome:
            if job.name == DEADLY:
                os._exit(1)
            if not built:
                built.append(super(DeadlyStages, self).__call__())
            return built[0](job)

        return swap
