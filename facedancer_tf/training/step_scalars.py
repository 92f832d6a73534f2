"""Follows the scalars of the steps: one reading a step says whether all are finite; their means are what is logged."""

import math
import time
from collections import defaultdict

import tensorflow as tf

from facedancer_tf.errors import UserError
from facedancer_tf.training.train_step import Scalars


class StepScalars:
    """Collects the scalars of the steps since the means were last taken.

    The values of a step are read, all at once, only when the next step has been given to the device, so that the device
    does not wait.
    """

    def __init__(self) -> None:
        self.unread: tuple[list[str], tf.Tensor, int] | None = None
        self._begin()

    def _begin(self) -> None:
        self.values: dict[str, list[float]] = defaultdict(list)
        self.steps, self.since = 0, time.perf_counter()

    def add(self, scalars: Scalars, step: int) -> None:
        """Takes the scalars of `step`, and reads those of the step before as `settle` does."""
        before, self.unread = self.unread, (list(scalars), tf.stack(list(scalars.values())), step)
        self._read(before)

    def settle(self) -> None:
        """Reads what is unread; raises UserError where a value is NaN or infinite, so that nothing is saved from it."""
        before, self.unread = self.unread, None
        self._read(before)

    def _read(self, unread: tuple[list[str], tf.Tensor, int] | None) -> None:
        if unread is None:
            return
        names, tensor, step = unread
        values = dict(zip(names, tensor.numpy().tolist(), strict=True))
        not_finite = [name for name, value in values.items() if not math.isfinite(value)]
        if not_finite:
            raise UserError(
                f"{not_finite[0]!r} is not finite at step {step} (not finite: {', '.join(not_finite)}); the last "
                "checkpoint is from before: lower `optimizer.learning_rate` or a term's weight and start again."
            )
        self.steps += 1
        for name, value in values.items():
            self.values[name].append(value)

    def take_means(self) -> tuple[dict[str, float], float]:
        """The mean of each scalar over the steps that had it, and the steps per second; begins a new interval."""
        self.settle()
        means = {name: sum(values) / len(values) for name, values in self.values.items()}
        steps_per_s = self.steps / (time.perf_counter() - self.since)
        self._begin()
        return means, steps_per_s
