"""Runs an iterator ahead of its consumer, in a thread of its own behind a bounded queue: one stage of a stream."""

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def ahead(items: Iterable[Item], depth: int) -> Generator[Item, None, None]:
    """Yields `items`, of which up to `depth` are made ahead. An error of the iterator is raised here, in its turn.

    Where the consumer ends early (an error, Ctrl-C, `close`), the thread ends with it, and so does an iterator that is
    a generator: its `finally` blocks have run before this returns.
    """
    iterator, end = iter(items), object()
    with ThreadPoolExecutor(1) as stage:
        waiting = deque(stage.submit(next, iterator, end) for _ in range(depth))
        try:
            while (item := waiting.popleft().result()) is not end:
                waiting.append(stage.submit(next, iterator, end))
                yield item  # type: ignore[misc]
        finally:
            for future in waiting:
                future.cancel()
            if isinstance(iterator, Generator):
                stage.submit(iterator.close).result()
