"""Ctrl-C while a script still imports. This file imports next to nothing, so that little can be interrupted before."""

import os
import signal

STOPPED = 130  # as a shell reports a program that Ctrl-C has ended


def end_at_interrupts() -> None:
    """Makes Ctrl-C end the process at once, by one word; for scripts, before imports that take a while.

    Where it is ignored, as under nohup, it stays so.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, stop_at_once)


def stop_at_once(number: int, frame: object) -> None:
    """Handles a signal: ends the process with the exit code of Ctrl-C, and no error can come of it on the way."""
    try:  # noqa: SIM105 (contextlib takes time to import)
        os.write(2, b"stopped\n")
    except OSError:  # nobody reads it
        pass
    os._exit(STOPPED)
