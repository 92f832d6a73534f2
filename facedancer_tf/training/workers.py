"""Does what the workers of one run do together; with one worker it has nothing to do.

Workers run the same program on the same global batches. Only the chief reads and writes the run folder; the
others get its state through the same all-reduce that sums the gradients.
"""

import faulthandler
import hashlib
import os
import re
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf

from facedancer_tf.errors import UserError
from facedancer_tf.training.cluster import meet, read_cluster
from facedancer_tf.training.config import TrainConfig, config_as_dict


def build_strategy(config: TrainConfig) -> tf.distribute.Strategy:
    """Builds the strategy for the devices to train on.

    Workers on several machines meet here, before TensorFlow has looked at any device.

    Raises:
        UserError: if the other workers cannot be met, or the batch cannot be shared evenly.
    """
    strategy = tf.distribute.get_strategy()
    if config.strategy == "mirrored":
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        strategy = tf.distribute.MirroredStrategy([device.name for device in devices])
    elif config.strategy == "multi_worker":
        meet(read_cluster(os.environ.get("TF_CONFIG")), config.wait_for_workers_s)
        # From here TensorFlow waits for the other workers without a limit, and no Python runs that could end the wait.
        faulthandler.dump_traceback_later(config.wait_for_workers_s, exit=True)
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
        faulthandler.cancel_dump_traceback_later()
        # TensorFlow now catches SIGTERM and does nothing about it: give it back its default effect.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if config.batch_size % strategy.num_replicas_in_sync:
        raise UserError(
            f"`batch_size` must be a multiple of the {strategy.num_replicas_in_sync} devices. "
            f"Received: {config.batch_size}"
        )
    return strategy


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    return strategy.extended.should_checkpoint


def _in_multi_worker_mode(strategy: tf.distribute.Strategy) -> bool:
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)


@contextmanager
def lost_workers_end_the_run(strategy: tf.distribute.Strategy) -> Iterator[None]:
    """Turns TensorFlow's report of a lost worker into one sentence.

    TensorFlow notices the loss by heartbeats (ten seconds) or a broken connection, and aborts all that waits for the
    worker.

    Raises:
        UserError: if a worker was lost.
    """
    try:
        yield
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError) as error:
        if not _in_multi_worker_mode(strategy):
            raise
        # The report may also name devices with their task, but these are this worker's own.
        task = re.search(r"/job:(\w+)/(?:replica:\d+/)?task:(\d+)\b(?!/device)", str(error))
        name = f"{task[1]} {task[2]}" if task else "a worker"
        raise UserError(
            f"{name} was lost: its own output says why. The last checkpoint is whole; the same command on all "
            "workers, or on another number of them, goes on from there."
        ) from error


Message = list[tf.Tensor]  # tensors of one type, which travel together


def _all_reduce(
    strategy: tf.distribute.Strategy, contribution: Callable[..., list[Message]]
) -> Callable[..., list[Message]]:
    """Makes `contribution(replica_id, *arguments)` a graph that returns its messages summed over all replicas."""

    def replica_sums(*arguments: tf.Tensor) -> list[Message]:
        replica = tf.distribute.get_replica_context()
        own = contribution(replica.replica_id_in_sync_group, *arguments)
        return [
            replica.all_reduce(tf.distribute.ReduceOp.SUM, [tf.identity(value) for value in message])
            for message in own
        ]

    def sums(*arguments: tf.Tensor) -> list[Message]:
        messages = strategy.run(replica_sums, args=arguments)
        return [[strategy.experimental_local_results(s)[0] for s in message] for message in messages]

    return tf.function(sums, autograph=False)


def settings_of_all_workers(config: TrainConfig) -> dict[str, Any]:
    """The settings that all workers must share: all except the folders where this machine keeps its files."""
    settings = config_as_dict(config)
    del settings["run"], settings["data"]["folder"]
    return settings


def require_the_same(strategy: tf.distribute.Strategy, settings: Mapping[str, Any]) -> None:
    """Raises UserError on all workers if the value of any setting differs between one of them and the chief."""
    if not _in_multi_worker_mode(strategy):
        return
    digests = [hashlib.sha256(repr(value).encode()).digest()[:6] for value in settings.values()]
    numbers = tf.constant([int.from_bytes(d, "big") for d in digests], tf.float64)  # 48 bits: exact

    def own_row(replica_id: tf.Tensor) -> list[Message]:
        return [[tf.one_hot(replica_id, strategy.num_replicas_in_sync, dtype=tf.float64)[:, None] * numbers]]

    rows = _all_reduce(strategy, own_row)()[0][0].numpy()  # [replicas, settings]
    differs = rows != rows[0]
    if differs.any():
        names = [name for name, any_worker in zip(settings, differs.any(axis=0), strict=True) if any_worker]
        worker = np.flatnonzero(differs.any(axis=1))[0] // len(strategy.extended.worker_devices)
        raise UserError(
            f"all workers must have the same settings and data. Worker {worker}, counted from the chief, differs in: "
            f"{', '.join(names)}."
        )


def send_from_chief(strategy: tf.distribute.Strategy, variables: list[tf.Variable]) -> None:
    """Copies the chief's values of the variables to all workers."""
    if not _in_multi_worker_mode(strategy):
        return

    floating = [v for v in variables if v.dtype.is_floating]
    counts = [v for v in variables if not v.dtype.is_floating]

    def of_chief(replica_id: tf.Tensor) -> list[Message]:
        # Counts are sent as float64, because not every kind of all-reduce takes integers.
        messages = [floating, [tf.cast(count, tf.float64) for count in counts]]
        return [[tf.where(replica_id == 0, v, tf.zeros_like(v)) for v in message] for message in messages]

    for group, values in zip((floating, counts), _all_reduce(strategy, of_chief)(), strict=True):
        for variable, value in zip(group, values, strict=True):
            variable.assign(tf.cast(value, variable.dtype))


class StopVote:
    """Says whether any worker was asked to stop, with the same answer on all workers at the same step.

    The answer is that to the previous call's question, so that no step waits for it.

    Args:
        asked: a function that says whether this worker was asked to stop.
    """

    def __init__(self, strategy: tf.distribute.Strategy, asked: Callable[[], bool]) -> None:
        self.asked = asked
        self.alone = not _in_multi_worker_mode(strategy)
        self.count = _all_reduce(strategy, lambda _, vote: [[vote]])
        self.before = tf.constant(0.0)

    def __call__(self) -> bool:
        if self.alone:
            return self.asked()
        before, self.before = self.before, self.count(tf.constant(float(self.asked())))[0][0]
        return float(before) > 0

    def leave(self) -> None:
        """Waits until all workers are done: if one left early, those that still write would take it for lost."""
        if not self.alone:
            float(self.count(tf.constant(0.0))[0][0])
