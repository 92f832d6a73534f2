"""Tests sharing on a scheduler and workers that are processes of their own, as on many machines."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import dask
import pytest
from distributed import Security

from data.clusters.connection import ClusterLost, connected
from data.clusters.sharing import Work, share
from tests.data.clusters.real_cluster import RealCluster
from tests.data.clusters.tasks import building, divide

TASKS = [(i,) for i in range(30)]


@pytest.fixture
def real(tmp_path: Path) -> Iterator[RealCluster]:
    cluster = RealCluster(tmp_path)
    try:
        yield cluster
    finally:
        cluster.stop()


def run(address: str, after: dict[int, Callable[[], object]]) -> list[int]:
    """The numbers done, with what happens after so many of them."""
    with connected(address, 1) as cluster:
        numbers = []
        for each in share(cluster, Work(building(seconds=0.05), divide, {}), TASKS):
            assert each.result == [each.task[0] ** 2]
            numbers.append(each.task[0])
            if act := after.get(len(numbers)):
                act()
    return sorted(numbers)


def test_workers_that_hang_die_or_come_late_and_a_scheduler_that_is_started_anew(real: RealCluster) -> None:
    first = real.start_worker("--no-nanny")

    def lose_the_scheduler() -> None:
        real.scheduler.kill()
        real.scheduler.wait()
        real.start_scheduler()
        real.start_worker("--no-nanny")  # workers end with their scheduler

    numbers = run(
        real.address,
        {
            3: real.start_worker,  # late; with a nanny, which starts it again
            6: lambda: os.killpg(first.pid, signal.SIGSTOP),  # hangs, and is given up after its time
            20: lose_the_scheduler,
        },
    )
    assert numbers == list(range(30))


def test_that_no_worker_is_left_is_said(
    real: RealCluster, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.clusters.sharing.ALONE_S", 1.5)
    worker = real.start_worker("--no-nanny")
    after: dict[int, Callable[[], object]] = {3: worker.kill}
    waiting = threading.Timer(8.0, real.start_worker)
    waiting.start()
    assert run(real.address, after) == list(range(30))
    assert capfd.readouterr().err.count("note: the cluster has no worker left: waiting for one") == 1


def test_nobody_there_is_one_sentence(real: RealCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.clusters.connection.CONNECT_S", 1.0)
    with pytest.raises(ClusterLost, match="no worker has joined the scheduler at tcp://127"):
        run(real.address, {})
    real.scheduler.kill()
    real.scheduler.wait()
    with pytest.raises(ClusterLost, match="no Dask scheduler answers at tcp://127"):
        run(real.address, {})


@pytest.mark.parametrize("address", ["tcp://10.1.2.3:8786", "tcp://127.example.org:8786", "tcp://box:8786"])
def test_an_open_port_is_said(
    address: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(place: str) -> None:
        raise ClusterLost(place)

    monkeypatch.setattr("data.clusters.connection.Cluster", refuse)
    for closed in ("tcp://[::1]:8786", "tcp://127.0.0.1:8786", "tcp://localhost:8786"):
        with pytest.raises(ClusterLost), connected(closed, 1):
            pass
    assert capsys.readouterr().err == ""
    with pytest.raises(ClusterLost), connected(address, 1):
        pass
    assert f"note: {address} asks nobody who they are" in capsys.readouterr().err


def write_certificate(folder: Path) -> list[str]:
    """Makes a certificate that signs itself; returns the files of authority, certificate and key."""
    made = Security.temporary()
    texts = {"ca": made.tls_ca_file, "cert": made.tls_scheduler_cert, "key": made.tls_scheduler_key}
    folder.mkdir()
    for name, text in texts.items():
        (folder / f"{name}.pem").write_text(text)
    return [str(folder / f"{name}.pem") for name in texts]


def with_certificate(files: list[str]) -> dask.config.set:
    names = ("ca-file", "client.cert", "client.key")
    return dask.config.set(
        {f"distributed.comm.tls.{name}": path for name, path in zip(names, files, strict=True)}
    )


def test_tls_keeps_out_who_has_no_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, foreign = write_certificate(tmp_path / "ours"), write_certificate(tmp_path / "foreign")
    options = ("--tls-ca-file", "--tls-cert", "--tls-key")
    arguments = [word for pair in zip(options, ours, strict=True) for word in pair]
    real = RealCluster(tmp_path, arguments, "tls")
    try:
        real.start_worker()
        with monkeypatch.context() as patch:
            patch.setattr("data.clusters.connection.CONNECT_S", 2.0)
            with (
                with_certificate(
                    [ours[0], *foreign[1:]]
                ),  # it believes the scheduler, which does not believe it
                pytest.raises(ClusterLost, match="no Dask scheduler answers at tls://127"),
            ):
                run(real.address, {})
        with with_certificate(ours):
            assert run(real.address, {}) == list(range(30))
    finally:
        real.stop()
