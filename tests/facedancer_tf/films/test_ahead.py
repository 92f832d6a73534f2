"""`ahead`: order, errors, and an end that leaves no thread behind."""

from collections.abc import Iterator
from threading import active_count

import pytest

from facedancer_tf.films.ahead import ahead


def test_items_come_in_order() -> None:
    assert list(ahead(range(100), 3)) == list(range(100))


def test_an_error_comes_in_its_turn() -> None:
    def two() -> Iterator[int]:
        yield from (0, 1)
        raise ValueError("third")

    got: list[int] = []
    with pytest.raises(ValueError, match="third"):
        got.extend(ahead(two(), 1))  # extend keeps what came before the error
    assert got == [0, 1]


def test_who_stops_early_ends_the_thread_and_the_iterator() -> None:
    closed, before = [], active_count()

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.append(True)

    items = ahead(endless(), 2)
    next(items)
    items.close()
    assert closed == [True]
    assert active_count() == before
