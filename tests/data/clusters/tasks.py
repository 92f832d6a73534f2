"""What workers of the tests do; they import it by name."""

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

Task = tuple[int, ...]  # numbers; a negative one kills its worker


def build(folder: Path | None = None, seconds: float = 0.0) -> Callable[[Task], list[int]]:
    """Builds the function that squares numbers; in `folder` it leaves a file for each run of each."""

    def square(task: Task) -> list[int]:
        for number in task:
            if folder is not None:
                (folder / f"{number}-{os.getpid()}-{time.monotonic_ns()}").touch()
            if number < 0:
                os._exit(1)
            if number == 999:
                time.sleep(60)
            time.sleep(seconds)
        return [number**2 for number in task]

    return square


def refuse() -> Callable[[Task], list[int]]:
    """Cannot be built."""
    raise ValueError("nothing to build with")


def divide(task: Task) -> list[Task]:
    return [(number,) for number in task]


def building(folder: Path | None = None, seconds: float = 0.0) -> Callable[[], Callable[[Task], list[int]]]:
    return partial(build, folder, seconds)
