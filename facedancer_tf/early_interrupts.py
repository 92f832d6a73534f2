"""Ctrl-C while a script still imports. This file imports next to nothing, so that little can be interrupted before."""

import signal


def end_at_interrupts() -> None:
    """Makes Ctrl-C end the process at once and silently; for scripts, before imports that take a while.

    Where it is ignored, as under nohup, it stays so.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
