"""Lets a process that a test starts heed Ctrl-C, also where a shell runs the tests in its background, without it."""

import signal


def heed_ctrl_c() -> None:
    """For `preexec_fn`: an ignored signal would stay ignored in the new process."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
