"""Starts serve.py as its users do, for measurements and tests, and ends it.

with running_server() as server:
    httpx.get(f"{server.address}/healthz")
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[1]
STOP_TIMEOUT_S = 20


@dataclass(frozen=True)
class RunningServer:
    """A server that answers: its process, where it listens, what it has printed, and when it was started."""

    process: subprocess.Popen[bytes]
    port: int
    log_path: Path
    began_s: float  # by time.perf_counter
    first_byte_s: float  # after the start of the process

    @property
    def address(self) -> str:
        """Its address without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """All that it has printed so far, on stdout and stderr."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def wait_until_ready(self, timeout_s: float = 60) -> None:
        """Waits until the models are loaded; raises RuntimeError where that takes longer."""
        _wait_for(lambda: _health(self.port) == "ready", self, timeout_s)

    def memory_mb(self) -> float:
        """What the server's own process holds in memory, without that of its children."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024


@contextmanager
def running_server(
    *flags: str, ready: bool = True, environment: Mapping[str, str] | None = None
) -> Iterator[RunningServer]:
    """Runs `python serve.py` with `flags` on a free port of this machine; `ready` waits for the models as well.

    `environment` comes on top of this process' own. Raises RuntimeError with the server's own words where it ends or
    does not answer.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "serve.py", "--port", str(port), *flags]
    told = {**os.environ, **(environment or {})}
    with tempfile.TemporaryDirectory() as folder:
        log_path = Path(folder) / "log.txt"
        with log_path.open("wb") as log:
            began_s = time.perf_counter()
            process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, env=told)
        try:
            starting = RunningServer(process, port, log_path, began_s, 0.0)
            _wait_for(lambda: _health(port) is not None, starting, 60)
            server = RunningServer(process, port, log_path, began_s, time.perf_counter() - began_s)
            if ready:
                server.wait_until_ready()
            yield server
        finally:
            _end(process)


def _health(port: int) -> str | None:
    """The status that the server reports, None where it does not answer yet."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return json.load(answer)["status"]
    except (URLError, ConnectionError, TimeoutError):
        return None


def _wait_for(condition: Callable[[], bool], server: RunningServer, timeout_s: float) -> None:
    deadline_s = time.perf_counter() + timeout_s
    while not condition():
        if server.process.poll() is not None:
            raise RuntimeError(
                f"serve.py ended with exit code {server.process.returncode} and said:\n{server.log}"
            )
        if time.perf_counter() > deadline_s:
            raise RuntimeError(f"serve.py was not ready after {timeout_s} s and said:\n{server.log}")
        time.sleep(0.02)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the server in its own way, and by force where that takes too long."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
