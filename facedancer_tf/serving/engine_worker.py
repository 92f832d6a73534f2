"""One thread that owns the networks. What is asked of them waits here in a short queue; the event loop never waits."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from facedancer_tf.serving.errors import GONE, Refusal
from facedancer_tf.serving.settings import ServingLimits
from facedancer_tf.swapping.swapper import Swapper

Result = TypeVar("Result")
SWAPPERS_KEPT = 2
_RETRY_S = 5


class EngineWorker:
    """Runs functions of swappers, one after the other, in a thread of its own.

    `build` makes the swapper of a model by the model's name; the two that were used last are kept.
    """

    def __init__(self, build: Callable[[str], Swapper], limits: ServingLimits) -> None:
        self._build, self._limits = build, limits
        self._thread = ThreadPoolExecutor(1, "engine")
        self._asked: set[Future] = set()
        self._swappers: OrderedDict[str, Swapper] = OrderedDict()
        self.ready, self.stopping = False, False

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn."""
        return sum(not future.running() and not future.done() for future in self._asked)

    def swapper(self, model: str) -> Swapper:
        """The swapper of a model; to be called by functions that run here. Raises UserError where there is none."""
        if model not in self._swappers:
            while len(self._swappers) >= SWAPPERS_KEPT:
                self._swappers.popitem(last=False)[1].close()
            self._swappers[model] = self._build(model)
        self._swappers.move_to_end(model)
        return self._swappers[model]

    def begin_loading(self, load: Callable[[], None]) -> "Future[None]":
        """Lets the thread run `load` before all else; `ready` is True when it has ended well."""

        def work() -> None:
            load()
            self.ready = True

        return self._thread.submit(work)

    async def run(self, work: Callable[[], Result], gone: Callable[[], Awaitable[None]]) -> Result:
        """Runs `work` in the thread; raises Refusal where it cannot begin in time.

        `gone` returns when nobody waits for the result any more: then `work` is not begun. If it runs already, it is
        waited for, because it reads the request's files.
        """
        if self.stopping:
            raise stopping()
        if self.waiting >= self._limits.waiting_pictures:
            raise Refusal(429, "busy", "too many requests are waiting; ask again in some seconds", _RETRY_S)

        future = self._thread.submit(work)
        self._asked.add(future)
        result = asyncio.wrap_future(future)
        departure = asyncio.ensure_future(gone())
        first: set[asyncio.Future] = {result, departure}
        try:
            await asyncio.wait(first, timeout=self._limits.wait_s, return_when=asyncio.FIRST_COMPLETED)
            if future.cancel():  # it has not begun
                raise self._why_not_begun(departure.done())
            value = await result
            if departure.done():
                raise gone_away()
            return value
        finally:
            future.cancel()
            departure.cancel()
            self._asked.discard(future)

    def _why_not_begun(self, departed: bool) -> Refusal:
        if self.stopping:
            return stopping()
        if departed:
            return gone_away()
        state = "the networks are busy" if self.ready else "the networks are still loading"
        return Refusal(503, "busy", f"{state}; ask again in some seconds", _RETRY_S)

    def stop(self) -> None:
        """Refuses what comes and what waits; what runs goes on."""
        self.stopping = True
        for future in list(self._asked):
            future.cancel()

    def close(self) -> None:
        """Waits for what runs, and frees the networks."""
        self.stop()
        self._thread.shutdown(cancel_futures=True)
        while self._swappers:
            self._swappers.popitem()[1].close()


def stopping() -> Refusal:
    return Refusal(503, "stopping", "the server is stopping; ask again when it runs again", _RETRY_S)


def gone_away() -> Refusal:
    return Refusal(GONE, "gone", "the client went away")
