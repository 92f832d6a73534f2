"""What runs in a worker's process: builds what does the work, once in each thread, and lets no task hang for ever."""

import hashlib
import os
import pickle
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from data.clusters.installation import difference, installed

_here = threading.local()  # the last thing built in this thread, and the hash of what it was built from


class WorkRefused(ValueError):
    """A worker cannot do the work, for a reason that is not in one task; the message names worker and reason."""


def run_task(
    installation: Mapping[str, str],
    environment: Mapping[str, str],
    builder: bytes,
    limit_s: float,
    task: bytes,
) -> Any:
    """Unpickles `builder`, a function without arguments, calls it, and calls what it returns with the unpickled `task`.

    Raises WorkRefused where this process has another `installation`; `environment` has variables that are set, unless
    they are, before any package is loaded. A task that takes longer than `limit_s` ends its process.
    """
    if apart := difference(dict(installation), installed()):
        raise WorkRefused(f"worker {_address()} is of another version: {apart}; install the same there")
    for name, value in environment.items():
        os.environ.setdefault(name, value)
    with _time_limit(limit_s):
        return _built(builder)(pickle.loads(task))  # noqa: S301 - from the client, whom Dask obeys anyway


def _built(builder: bytes) -> Callable[[Any], Any]:
    key = hashlib.sha256(builder).digest()
    if getattr(_here, "key", None) != key:
        _here.key, _here.function = None, None  # what was built before goes first
        _here.function = pickle.loads(builder)()  # noqa: S301 - as above
        _here.key = key
    function: Callable[[Any], Any] = _here.function
    return function


@contextmanager
def _time_limit(limit_s: float) -> Iterator[None]:
    watch = threading.Timer(limit_s, os._exit, (1,))
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


def _address() -> str:
    from distributed import get_worker

    return str(get_worker().address)
