"""Reads from TF_CONFIG which of the workers this process is, and waits at the start until all of them answer.

    TF_CONFIG='{"cluster": {"worker": ["10.0.0.1:2222", "10.0.0.2:2222"]}, "task": {"type": "worker", "index": 0}}'

TensorFlow defines this format. The first worker is the chief, or the task of type `chief` where there is one.
"""

import json
import socket
import time
from dataclasses import dataclass
from typing import Any

from facedancer_tf.errors import UserError

_RULE = (
    'TF_CONFIG must be like {"cluster": {"worker": ["host:port", …]}, "task": {"type": "worker", "index": 0}}, '
    "with at most one `chief` beside the workers."
)


@dataclass(frozen=True)
class Cluster:
    """All workers, the chief first: `names` ("worker 0") and `addresses` (host, port); `here` is this one's index."""

    names: tuple[str, ...]
    addresses: tuple[tuple[str, int], ...]
    here: int


def read_cluster(text: str | None) -> Cluster:
    """Reads the value of TF_CONFIG.

    Raises:
        UserError: if there is no TF_CONFIG, or if it does not say who the workers are and which of them this is.
    """
    if not text:
        raise UserError(
            "`strategy: multi_worker` needs TF_CONFIG in the environment; docs/distributed.md shows one."
        )
    try:
        content = json.loads(text)
        jobs, task = content["cluster"], (content["task"]["type"], content["task"]["index"])
        tasks = [(job, i) for job in ("chief", "worker") for i in range(len(jobs.get(job, [])))]
        addresses = tuple(_address(jobs[job][i]) for job, i in tasks)
        is_valid = (
            set(jobs) <= {"chief", "worker"}
            and len(jobs.get("chief", [])) <= 1
            and len(set(addresses)) == len(addresses)
            and task in tasks
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        is_valid = False
    if not is_valid:
        raise UserError(f"{_RULE} Received: {text}")
    return Cluster(tuple(f"{job} {i}" for job, i in tasks), addresses, tasks.index(task))


def _address(text: Any) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not 0 < int(port) < 65536:
        raise ValueError(text)
    return host, int(port)


def meet(cluster: Cluster, timeout_s: float) -> None:
    """Waits until every other worker's port answers, while this worker's port answers the others.

    TensorFlow's own meeting has no time limit: if a worker does not come, the others wait for it for ever.

    Raises:
        UserError: if this worker's port is taken, or another does not answer in time.
    """
    deadline = time.monotonic() + timeout_s
    port = cluster.addresses[cluster.here][1]
    try:
        listening = socket.create_server(("", port))
    except OSError as error:
        raise UserError(
            f"port {port}, which TF_CONFIG gives to {cluster.names[cluster.here]}, cannot be had "
            f"({error.strerror}): is another run still there?"
        ) from error
    with listening:
        for i, (host, port) in enumerate(cluster.addresses):
            while i != cluster.here and not _answers(host, port):
                if time.monotonic() > deadline:
                    raise UserError(
                        f"{cluster.names[cluster.here]} cannot reach {cluster.names[i]} at {host}:{port} (waited "
                        f"{timeout_s:g} s): start it with the same `cluster` in TF_CONFIG, or raise "
                        "`wait_for_workers_s`."
                    )
                time.sleep(0.2)


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=2.0) as connection:
            # A machine may by chance connect to itself, through the very port that it tries.
            return connection.getsockname() != connection.getpeername()
    except OSError:
        return False
