"""Connects to the processes that share work: those of a Dask cluster, or some that it starts on this machine."""

import logging
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING

from tqdm import tqdm

from data.clusters.addresses import check_address, is_open

if TYPE_CHECKING:
    from distributed import Client, LocalCluster, Scheduler

LOCAL = "local"
CONNECT_S = 10.0
RETURN_S = 600.0  # how long a scheduler that was there may be away


class ClusterLost(ConnectionError):
    """The scheduler cannot be reached; the message says where and what to do."""


class Cluster:
    """A connection to a scheduler: that of our own processes, or one at an address (for TLS, as Dask is configured)."""

    def __init__(self, place: "str | LocalCluster") -> None:
        self.place = place
        self.client = _connect(place)

    def wait_for_workers(self) -> None:
        """Waits for the first worker; raises ClusterLost where none comes."""
        try:
            self.client.wait_for_workers(1, timeout=CONNECT_S * 3)
        except TimeoutError as error:
            raise ClusterLost(
                f"no worker has joined the scheduler at {self.place}: start some there"
            ) from error

    def threads(self) -> int:
        """How many tasks can run at once now."""
        return int(self.client.run_on_scheduler(_prepare))

    @property
    def is_elsewhere(self) -> bool:
        """Whether its workers may be of other machines."""
        return isinstance(self.place, str)

    @property
    def is_up(self) -> bool:
        """Whether the scheduler is there."""
        return bool(self.client.status == "running")

    def come_back(self) -> None:
        """Waits until the scheduler, which was lost, is there again; raises ClusterLost where it stays away."""
        deadline = time.monotonic() + RETURN_S
        tqdm.write(f"the scheduler at {self.place} is lost: waiting until it is there again", file=sys.stderr)
        while not self.is_up:
            if self.client.status == "closed":
                try:
                    self.client = _connect(self.place)
                except ClusterLost:
                    if time.monotonic() > deadline:
                        raise
            time.sleep(0.2)


def _connect(place: "str | LocalCluster") -> "Client":
    from distributed import Client

    try:
        client = Client(place, timeout=CONNECT_S, set_as_default=False)
        client.run_on_scheduler(_prepare)
    except ImportError as error:
        raise ClusterLost(
            f"the scheduler at {place} cannot load this project ({error}): start it in a clone of this version"
        ) from error
    except (OSError, TimeoutError, ValueError, TypeError) as error:
        raise ClusterLost(
            f"no Dask scheduler answers at {place} ({' '.join(str(error).split())[:200]}): see that it runs there, "
            "and that it has the same certificate"
        ) from error
    return client


def _prepare(dask_scheduler: "Scheduler") -> int:
    """Runs in the scheduler: it is to give tasks back whose worker died; returns how many can run at once."""
    # The client knows better than to try other workers: it tries the parts, to find the one that kills.
    dask_scheduler.allowed_failures = 0
    return dask_scheduler.total_nthreads


@contextmanager
def connected(address: str, workers: int) -> Iterator[Cluster | None]:
    """Connects to the scheduler at `address`; for LOCAL, starts `workers` processes here, or none where that is 1.

    Without a cluster (None) the work is done in this process. Raises ClusterLost where `address` is none, or where no
    scheduler answers.
    """
    if address == LOCAL and workers == 1:
        yield None
        return
    if address != LOCAL:
        try:
            check_address(address)
        except ValueError as error:
            raise ClusterLost(str(error)) from error
    if address != LOCAL and is_open(address):
        tqdm.write(
            f"note: {address} asks nobody who they are: whoever reaches it can run any code on its workers; use tls://",
            file=sys.stderr,
        )
    with ExitStack() as stack:
        log = logging.getLogger("distributed")
        stack.callback(log.setLevel, log.level)
        log.setLevel(logging.CRITICAL)  # what dies is said by those who share the work
        with _interrupts_held():
            cluster = Cluster(stack.enter_context(_started(workers)) if address == LOCAL else address)
            stack.callback(cluster.client.close)
            cluster.wait_for_workers()
        try:
            yield cluster
        finally:
            with _interrupts_held():
                stack.close()


@contextmanager
def _started(workers: int) -> Iterator["LocalCluster"]:
    """A scheduler and `workers` processes of this machine, which nobody else can use: they ask for a certificate."""
    from distributed import LocalCluster

    # Processes that start with Ctrl-C blocked keep it so: it is this process's business. The tracker, which starts
    # with the first process, would unblock it again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="facedancer_tf_"))
            cluster = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                memory_limit=0,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                local_directory=folder,
                security=True,
                silence_logs=logging.CRITICAL,
            )
            stack.callback(cluster.close, timeout=5)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            yield cluster
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Lets Ctrl-C come when the block is over: within, it would leave processes half started, or half ended."""
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        signal.raise_signal(signal.SIGINT)
