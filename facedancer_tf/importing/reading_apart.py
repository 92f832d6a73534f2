"""Reads weight files of others in a process of its own, with a bound on its memory and its time.

The libraries that read HDF5 and protobuf are written in C. A byte of a damaged file can make them loop without end,
take all memory, or crash. Then only that process ends, and the file is refused in one sentence.
"""

import os
import pickle
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from facedancer_tf.graphs.graph import GraphError
from facedancer_tf.importing.onnx_file import OnnxFile, Operation, read_onnx_file
from facedancer_tf.importing.saved_layers import Checkpoint, SavedLayer, read_checkpoint

COMPUTING_S = (
    6  # of the processor, not of the clock: a slow disk is no damage. 1 GB of arrays takes about 1 s.
)
MEMORY_BYTES = 4 << 30  # of addresses; 1 GB of arrays, the file itself and the libraries need less
_ROOT = Path(__file__).resolve().parents[2]
# Classes and functions that an answer is made of, by module: ours, and those of NumPy's arrays.
_PARTS = {
    *((part.__module__, part.__name__) for part in (Checkpoint, SavedLayer, OnnxFile, Operation)),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy._core.numeric", "_frombuffer"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy._core.multiarray", "_reconstruct"),
}
_READERS: dict[str, Callable[[Path], Any]] = {"hdf5": read_checkpoint, "onnx": read_onnx_file}


def read_hdf5_apart(path: Path) -> Checkpoint:
    """Does `read_checkpoint`; raises GraphError too where reading crashes, has no end or takes too much memory."""
    return _read("hdf5", path)


def read_onnx_apart(path: Path) -> OnnxFile:
    """Does `read_onnx_file`; raises GraphError too where reading crashes, has no end or takes too much memory."""
    return _read("onnx", path)


def _read(kind: str, path: Path) -> Any:
    command = [sys.executable, "-P", "-m", __name__, kind, str(path), str(COMPUTING_S), str(MEMORY_BYTES)]
    # One thread: those of NumPy's linear algebra would count against the memory.
    environment = os.environ | {"PYTHONPATH": str(_ROOT), "OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        try:
            answer = _Answers(process.stdout).load()  # type: ignore[arg-type]
        except (EOFError, pickle.UnpicklingError) as error:
            raise GraphError(
                "it is damaged: reading it has no end, or ends the program that reads"
            ) from error
        finally:
            process.kill()
    if isinstance(answer, str):
        raise GraphError(answer)
    return answer


class _Answers(pickle.Unpickler):
    """Loads what `_main` writes, and nothing else, though a file may have taken that process over."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _PARTS:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of an answer")
        return super().find_class(module, name)


def _main(kind: str, path: str, computing_s: str, memory_bytes: str) -> None:
    for what, most in (
        (resource.RLIMIT_CPU, int(computing_s)),
        (resource.RLIMIT_AS, int(memory_bytes)),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    try:
        answer = _READERS[kind](Path(path))
    except MemoryError:
        answer = f"reading it takes more than {int(memory_bytes) >> 20} MB of memory"
    except ValueError as error:  # GraphError and NotPlain among them
        answer = str(error)
    except (LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        answer = f"its description is not a network's ({error!r})"
    pickle.dump(answer, sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)


if __name__ == "__main__":
    _main(*sys.argv[1:])
