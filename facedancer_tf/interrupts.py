"""Ctrl-C while a script works: it ends it by one word at most, whatever it is doing.

Python turns Ctrl-C into a KeyboardInterrupt, wherever it is. Some packages' own C code makes another error of that.
"""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from facedancer_tf.early_interrupts import stop_at_once


class Interrupts:
    """Says whether Ctrl-C has come. The first one raises KeyboardInterrupt, a second one ends the process at once.

    last_words: whether the process has to say more than that it was stopped.
    """

    def __init__(self, last_words: bool = False) -> None:
        self.came = False
        self.last_words = last_words

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.came:  # what the first one set going takes too long, or is being interrupted itself
            stop_at_once(number, frame)
        self.came = True
        raise KeyboardInterrupt


@contextmanager
def watched_interrupts(last_words: bool = False) -> Iterator[Interrupts]:
    """Counts Ctrl-C in the block, so that an error that something made of it can be told from others."""
    watch, before = Interrupts(last_words), signal.getsignal(signal.SIGINT)
    unraisable = sys.unraisablehook

    def pass_on(error: "sys.UnraisableHookArgs") -> None:
        if issubclass(error.exc_type, KeyboardInterrupt):
            stop_at_once(signal.SIGINT, None)  # it came where Python would report it and go on
        else:
            unraisable(error)

    if before not in (signal.default_int_handler, signal.SIG_DFL, stop_at_once):
        yield watch
        return
    signal.signal(signal.SIGINT, watch)
    sys.unraisablehook = pass_on
    try:
        yield watch
    finally:
        sys.unraisablehook = unraisable
        signal.signal(signal.SIGINT, before)


@contextmanager
def ending_at_once(first: Callable[[], object]) -> Iterator[None]:
    """Lets Ctrl-C end a script at once, after `first`, in a block that has nothing to clean up.

    For imports: the C code of some packages writes of its own, or crashes, where a KeyboardInterrupt comes into it.
    """
    watch = signal.getsignal(signal.SIGINT)
    in_script = isinstance(watch, Interrupts) and not watch.last_words
    if not in_script or threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        first()
        stop_at_once(number, frame)

    signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, watch)
