"""A process that makes damaged files, reads each as the project does, and says what came of it.

    python -m benchmarks.hostile.child SEED FOLDER

To a line "KIND sound" on stdin it reads the sound files of a kind and says "ready". To "KIND NUMBER" it answers with a
line of JSON: outcome, said (of an error), mb (by how much the memory grew). A file that was read or refused is deleted;
any other stays in FOLDER.
"""

import faulthandler
import json
import os
import random
import resource
import shutil
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.hostile.kind import Kind

# The module and the name of each kind; a kind is imported by the child that needs it alone.
KINDS = {
    "pictures": ("pictures", "PICTURE_KIND"),
    "films": ("pictures", "FILM_KIND"),
    "models": ("networks", "MODEL_KIND"),
    "hdf5": ("networks", "RELEASED_KIND"),
    "onnx": ("networks", "ONNX_KIND"),
    "shards": ("sets", "SHARD_KIND"),
    "zips": ("sets", "ZIP_KIND"),
    "people": ("sets", "PEOPLE_KIND"),
    "tables": ("texts", "TABLE_KIND"),
    "configs": ("texts", "CONFIG_KIND"),
}
SOUND, READY = "sound", "ready"
MEMORY_MB = 2048
ADDRESSES_MB = 2 * MEMORY_MB  # that are asked for and not used do no harm
SENTENCE = 10_000  # characters, two cells of a table among them


def main() -> None:
    seed, folder = sys.argv[1], Path(sys.argv[2])
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print is no reply
    kinds: dict[str, Kind] = {}
    with ThreadPoolExecutor(1) as thread:
        for line in sys.stdin:
            name, number = line.split()
            if number == SOUND:
                module, attribute = KINDS[name]
                kinds[name] = getattr(import_module(f"benchmarks.hostile.{module}"), attribute)
                for path in kinds[name].sound(folder):
                    thread.submit(kinds[name].read, path).result()
                    _remove(path)
                most = _memory_mb("VmSize") + ADDRESSES_MB << 20
                resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))
                replies.write(f"{READY}\n")
                continue
            kind = kinds[name]
            path = kind.damage(folder, random.Random(f"{seed} {name} {int(number)}"))
            Path("/proc/self/clear_refs").write_text("5")  # the peak is now the present size
            before_mb = _memory_mb("VmHWM")
            error = thread.submit(kind.read, path).exception()
            grown_mb = _memory_mb("VmHWM") - before_mb
            outcome, said = judged(kind, error, grown_mb)
            del error  # and the frames that it holds
            if outcome in ("read", "refused"):
                _remove(path)
            replies.write(json.dumps({"outcome": outcome, "said": said, "mb": grown_mb}) + "\n")


def judged(kind: Kind, error: BaseException | None, grown_mb: int) -> tuple[str, str]:
    """The outcome of reading a file, and what was said: "read", "refused", or "MEMORY", "ESCAPED", "WORDS"."""
    said = "" if error is None else f"{type(error).__name__}: {error}"
    # FFmpeg's MemoryError, which has a number, is for what it never asks for.
    no_room = any(isinstance(one, MemoryError) and not hasattr(one, "errno") for one in _chain(error))
    if grown_mb > MEMORY_MB or no_room:
        return "MEMORY", f"{grown_mb} MB; {said}"
    if error is None:
        return "read", ""
    if type(error) not in kind.refusals:
        return "ESCAPED", said
    words = str(error)
    return "refused" if 0 < len(words) <= SENTENCE and "\n" not in words else "WORDS", said


def _chain(error: BaseException | None) -> list[Any]:
    """An error and all that led to it."""
    chain: list[Any] = []
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return chain


def _memory_mb(field: str) -> int:
    """A size of this process from /proc/self/status, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) >> 10


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
