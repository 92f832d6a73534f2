"""Starts a Dask scheduler and workers as people do, each a process of its own, and ends them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.workers import ROOT, free_addresses

WORKER = ("--nthreads", "1", "--no-dashboard", "--memory-limit", "0")


class RealCluster:
    """A scheduler on a free port of this machine, and its workers. `arguments` are for both, such as certificates."""

    def __init__(self, folder: Path, arguments: Sequence[str] = (), protocol: str = "tcp") -> None:
        self.folder, self.arguments = folder, arguments
        self.address = f"{protocol}://{free_addresses(1)[0]}"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.start_scheduler()

    def start_scheduler(self) -> None:
        host, port = self.address.split("//")[1].split(":")
        self.scheduler = self._start(
            "scheduler", "--host", host, "--port", port, "--no-dashboard", "--no-show"
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection((host, int(port))):
                return
            time.sleep(0.1)
        raise TimeoutError("the scheduler did not start")

    def start_worker(self, *arguments: str) -> subprocess.Popen[bytes]:
        return self._start("worker", self.address, *WORKER, "--local-directory", str(self.folder), *arguments)

    def _start(self, kind: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", kind, *arguments, *self.arguments]
        environment = {**os.environ, "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "4s"}
        with (self.folder / f"{kind}.log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        self.processes.append(process)
        return process

    def stop(self) -> None:
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
