"""Tests that every task is done whatever dies, on processes of this machine; `test_real_cluster` has others."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.clusters import sharing
from data.clusters.connection import LOCAL, Cluster, connected
from data.clusters.installation import SOURCES, difference, installed
from data.clusters.sharing import Work, share
from data.clusters.worker_process import WorkRefused
from tests.data.clusters.tasks import Task, building, divide, refuse


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with connected(LOCAL, 2) as cluster:
        assert cluster is not None
        yield cluster


def done(
    cluster: Cluster | None, work: Work[Task, list[int]], tasks: list[Task]
) -> dict[Task, list[int] | None]:
    results = [(each.task, each.result) for each in share(cluster, work, tasks)]
    assert len(dict(results)) == len(results)  # each once
    return dict(results)


TASKS: list[Task] = [(i, i + 1, i + 2) for i in range(0, 90, 3)]


def test_one_process_and_several_give_the_same(cluster: Cluster) -> None:
    work = Work(building(), divide, {})
    with connected(LOCAL, 1) as here:
        assert here is None
    assert (
        done(None, work, TASKS)
        == done(cluster, work, TASKS)
        == {task: [n * n for n in task] for task in TASKS}
    )


def test_what_kills_its_workers_is_found_and_given_up_and_nothing_else(
    cluster: Cluster, tmp_path: Path
) -> None:
    results = done(cluster, Work(building(tmp_path), divide, {}), [*TASKS[:9], (50, -1, 51), *TASKS[9:12]])
    assert results.pop((-1,)) is None
    assert sorted(n for task in results for n in task) == sorted([*range(36), 50, 51])
    assert all(result == [n * n for n in task] for task, result in results.items())
    assert len(list(tmp_path.glob("-1-*"))) == 1 + sharing.DEATHS


def test_what_takes_too_long_ends_its_worker(cluster: Cluster, tmp_path: Path) -> None:
    work = dataclasses.replace(Work(building(tmp_path), divide, {}), limit_s=0.5)
    results = done(cluster, work, [(1,), (999,), (2,)])
    assert results == {(1,): [1], (2,): [4], (999,): None}


def test_errors_of_tasks_and_of_building_are_raised(cluster: Cluster) -> None:
    with pytest.raises(TypeError, match="not supported between"):
        done(cluster, Work(building(), divide, {}), [("text",)])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="nothing to build with"):
        list(share(cluster, Work(refuse, divide, {}), [(1,)]))


def test_another_version_is_refused_by_name(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    other = {**installed(), "numpy": "1.0.0"}
    monkeypatch.setattr(sharing, "installed", lambda: other)
    with pytest.raises(WorkRefused, match=r"worker tls://\S+ is of another version: numpy 1.0.0 here, [2-9]"):
        list(share(cluster, Work(building(), divide, {}), [(1,)]))


def test_installation_names_packages_and_our_own_code() -> None:
    mine = installed()
    assert "none" not in mine.values()
    assert {"tensorflow", "opencv-python", "jsonargparse", "distributed"} < mine.keys()
    assert difference(mine, mine) == ""
    assert difference(mine, {**mine, SOURCES: "other"}) == f"{SOURCES} {mine[SOURCES]} here, other there"
