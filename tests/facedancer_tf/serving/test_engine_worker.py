"""The queue before the networks: its bound, clients that go away, stopping, and which swappers are kept."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from facedancer_tf.serving.engine_worker import EngineWorker
from facedancer_tf.serving.errors import Refusal
from facedancer_tf.serving.settings import ServingLimits
from tests.facedancer_tf.serving.conftest import StubSwapper


async def stays() -> None:
    await asyncio.Event().wait()


async def leaves() -> None:
    await asyncio.sleep(0.05)


def held(worker: EngineWorker) -> threading.Event:
    """Keeps the worker's thread busy until the event is set."""
    busy, release = threading.Event(), threading.Event()

    def hold() -> None:
        busy.set()
        release.wait(20)

    worker.begin_loading(hold)
    busy.wait(20)
    return release


@pytest.fixture
def make_worker(request: pytest.FixtureRequest) -> Callable[..., EngineWorker]:
    def make(**limits: int) -> EngineWorker:
        worker = EngineWorker(StubSwapper, ServingLimits(**limits))  # type: ignore[arg-type]
        request.addfinalizer(worker.close)
        return worker

    return make


def refusal(worker: EngineWorker, gone=stays) -> tuple[int, str, int | None]:
    with pytest.raises(Refusal) as caught:
        asyncio.run(worker.run(lambda: 1, gone))
    return caught.value.status, caught.value.code, caught.value.retry_after_s


def test_full_queue_refuses_with_a_time_to_come_back(make_worker):
    worker = make_worker(waiting_pictures=1)
    release = held(worker)

    async def ask() -> int:
        first = asyncio.create_task(worker.run(lambda: 7, stays))
        await asyncio.sleep(0.05)
        assert worker.waiting == 1
        with pytest.raises(Refusal) as caught:
            await worker.run(lambda: 8, stays)
        assert (caught.value.status, caught.value.code, caught.value.retry_after_s) == (429, "busy", 5)
        release.set()
        return await first

    assert asyncio.run(ask()) == 7
    assert worker.waiting == 0


def test_what_nobody_waits_for_is_not_begun(make_worker):
    worker, begun = make_worker(), []
    release = held(worker)
    with pytest.raises(Refusal) as caught:
        asyncio.run(worker.run(lambda: begun.append(1), leaves))
    assert caught.value.code == "gone"
    release.set()
    asyncio.run(worker.run(lambda: None, stays))
    assert begun == []


def test_waiting_has_an_end(make_worker):
    worker = make_worker(wait_s=1)
    release = held(worker)
    assert refusal(worker) == (503, "busy", 5)
    release.set()


def test_stopping_refuses_what_waits_and_what_comes(make_worker):
    worker = make_worker()
    release = held(worker)

    async def ask() -> None:
        first = asyncio.create_task(worker.run(lambda: 7, stays))
        await asyncio.sleep(0.05)
        worker.stop()
        with pytest.raises(Refusal) as caught:
            await first
        assert (caught.value.status, caught.value.code) == (503, "stopping")

    asyncio.run(ask())
    assert refusal(worker) == (503, "stopping", 5)
    release.set()


def test_two_swappers_are_kept(make_worker, tmp_path):
    worker = make_worker()
    worker._build = lambda name: StubSwapper(tmp_path / name)
    first, second = worker.swapper("a"), worker.swapper("b")
    assert worker.swapper("a") is first
    worker.swapper("c")
    assert (first.closed, second.closed) == (False, True)
