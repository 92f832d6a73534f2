"""Starts the workers of a test on this machine, and ends all of them."""

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
# As people run train.py, which then chooses what TensorFlow may write.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}


def free_addresses(count: int) -> list[str]:
    """Loopback addresses whose ports were free a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = [f"127.0.0.1:{s.getsockname()[1]}" for s in sockets]
    for s in sockets:
        s.close()
    return addresses


@contextmanager
def started(*commands: list[str]) -> Iterator[list[subprocess.Popen]]:
    """Runs one worker per command, the chief first; what still runs at the end is killed."""
    addresses, processes = free_addresses(len(commands)), []
    try:
        for i, command in enumerate(commands):
            told = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": i}}
            processes.append(
                subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                 env={**ENVIRONMENT, "TF_CONFIG": json.dumps(told)})
            )  # fmt: skip
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def outputs(processes: list[subprocess.Popen], timeout_s: float) -> list[str]:
    """Waits for all to end; their exit codes are checked by the caller."""
    return [process.communicate(timeout=timeout_s)[0] for process in processes]
