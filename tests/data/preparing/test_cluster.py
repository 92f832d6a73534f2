"""Tests prepare_data.py on a Dask cluster: whoever dies, the shards are those of one process."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import tensorflow as tf

from data.clusters.connection import connected
from data.clusters.sharing import Done, Work
from data.clusters.worker_process import WorkRefused
from data.folders import Item
from data.preparing import shards
from data.preparing.face_records import FaceSettings, Outcome
from data.preparing.pieces import Piece
from data.preparing.rounds import ShardsRefused
from data.preparing.shard_plan import ShardPlan
from data.preparing.shards import KILLED, PieceMaker, make_shards
from tests.data.clusters.real_cluster import RealCluster
from tests.data.preparing.running import FIXED, assert_same_shards, command, prepare_here


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealCluster]:
    cluster = RealCluster(tmp_path_factory.mktemp("cluster"))
    try:
        cluster.start_worker()
        yield cluster
    finally:
        cluster.stop()


def test_client_and_worker_killed_in_the_midst_of_it(
    real: RealCluster, people: Path, straight: Path, tmp_path: Path
) -> None:
    arguments = [people, "-o", tmp_path, *FIXED, "--cluster", real.address]
    client = subprocess.Popen(command(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while client.poll() is None and time.monotonic() < deadline:
        if list((tmp_path / ".progress").glob("[!.]*.piece")):
            client.kill()
            break
        time.sleep(0.01)
    assert client.wait() == -signal.SIGKILL
    assert not list(tmp_path.glob("manifest-*"))
    (worker,) = {int(pid) for pid in worker_pids(real)}
    os.kill(worker, signal.SIGKILL)  # its nanny starts it again
    code, output = prepare_here(*arguments)
    assert code == 0, output
    assert_same_shards(straight, tmp_path)
    assert (straight / "report-00000-of-00001.json").read_text() == (
        tmp_path / "report-00000-of-00001.json"
    ).read_text()


def worker_pids(real: RealCluster) -> list[int]:
    with connected(real.address, 1) as cluster:
        assert cluster is not None
        return list(cluster.client.run(os.getpid).values())


def test_the_client_can_write_what_workers_send(
    real: RealCluster, people: Path, straight: Path, tmp_path: Path
) -> None:
    arguments = [people, "-o", tmp_path, *FIXED, "--cluster", real.address, "--shards-by", "client"]
    code, output = prepare_here(*arguments)
    assert code == 0, output
    assert_same_shards(straight, tmp_path)


def test_a_worker_without_the_folders_says_so(tmp_path: Path) -> None:
    with pytest.raises(
        WorkRefused, match=r"a worker on \S+ does not see .*elsewhere: all of them need the same"
    ):
        PieceMaker(FaceSettings(), (tmp_path, tmp_path / "elsewhere"), None)()
    with pytest.raises(WorkRefused, match=r"does not see .*settings\.json"):
        PieceMaker(FaceSettings(), (), tmp_path)()


def test_a_worker_without_a_picture_says_so_unless_nobody_has_it(tmp_path: Path) -> None:
    items = tuple(Item(name, name, str(tmp_path / name)) for name in ("here", "gone", "mounted"))
    (tmp_path / "here").touch()
    absent = frozenset([items[1].where])
    work = PieceMaker(Named(), (tmp_path,), None, absent)()
    work(Piece("train-0.tfrecord", 0, items[:2]))
    with pytest.raises(
        WorkRefused, match=r"a worker on \S+ does not see .*mounted: all of them need the same"
    ):
        work(Piece("train-0.tfrecord", 0, items))


def test_a_worker_that_outlives_its_client_writes_nothing_into_a_folder_begun_anew(tmp_path: Path) -> None:
    (tmp_path / ".progress").mkdir()
    (tmp_path / "settings.json").write_bytes(b"{}")
    work = PieceMaker(Named(), (), tmp_path, settings=b"{}")()
    assert work(Piece("train-0.tfrecord", 0, ITEMS[:1])) == b""
    (tmp_path / "settings.json").write_bytes(b"{ }")
    with pytest.raises(WorkRefused, match=r"settings\.json was changed while"):
        work(Piece("train-0.tfrecord", 1, ITEMS[1:2]))
    assert [path.name for path in (tmp_path / ".progress").iterdir()] == [
        "train-0.tfrecord.00000-00001.piece"
    ]


def test_a_piece_that_comes_late_does_not_stay(tmp_path: Path) -> None:
    def build(self: Named) -> Callable[[Item], Outcome]:
        def make(item: Item) -> Outcome:
            (tmp_path / ".progress" / "train-0.tfrecord.00001-00002.piece").touch()
            return Outcome((item.name.encode(),))

        return make

    make_shards(tmp_path, PLANS, SETTINGS, type("Late", (Named,), {"build": build})())
    assert not list((tmp_path / ".progress").glob("*.piece"))


@dataclass(frozen=True)
class Named:
    """Makes a record of every item: its name."""

    piece_items: int = 4

    def build(self) -> Callable[[Item], Outcome]:
        return lambda item: Outcome((item.name.encode(),))


ITEMS = tuple(Item(name, name, name) for name in ("a", "b", "bad", "c", "d", "e"))
PLANS = [ShardPlan("train-0.tfrecord", "train", ITEMS)]
SETTINGS = {"size_px": 64, "shrink": 1.0}


def test_a_picture_that_kills_its_workers_is_put_aside_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killing(cluster: None, work: Work[Piece, bytes], pieces: list[Piece]) -> Iterator[Done[Piece, bytes]]:
        """As `share` does where "bad" kills workers."""
        for whole in pieces:
            function = work.build()
            parts = work.divide(whole) if "bad" in str(whole) else [whole]
            yield from (Done(part, None if "bad" in str(part) else function(part)) for part in parts)

    monkeypatch.setattr(shards, "share", killing)
    report = make_shards(tmp_path, PLANS, SETTINGS, Named())
    assert report["left_out_files"] == {KILLED: ["bad"]}
    assert (report["pictures"], report["train"], report["made_now"]) == (6, 5, 6)
    records = [record.numpy() for record in tf.data.TFRecordDataset(str(tmp_path / PLANS[0].name))]
    assert records == [b"a", b"b", b"c", b"d", b"e"]


def test_a_worker_that_cannot_go_on_ends_the_run_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(*_: object) -> Iterator[Done[Piece, bytes]]:
        raise WorkRefused("no network for this")

    monkeypatch.setattr(shards, "share", refusing)
    with pytest.raises(ShardsRefused, match=r"^no network for this; all that was done is kept, and the same"):
        make_shards(tmp_path, PLANS, SETTINGS, Named())
