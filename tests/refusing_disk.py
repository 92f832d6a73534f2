"""Runs scripts as a user whom the disk refuses: without rights to closed folders, or with no room for large files."""

import ctypes
import resource
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
_DROP_FROM_BOUNDING_SET, _OVERRIDES = 24, (1, 2)  # of prctl; CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
_LIBC = ctypes.CDLL(None)


def refused(*arguments: object, most_bytes: int = 0) -> str:
    """Runs a script, whose files may have `most_bytes` (0: any number), and returns the one sentence that ends it."""

    def as_a_plain_user() -> None:
        for right in _OVERRIDES:
            _LIBC.prctl(_DROP_FROM_BOUNDING_SET, right, 0, 0, 0)  # root passes every door with these
        if most_bytes:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    ran = subprocess.run([sys.executable, *map(str, arguments)], cwd=ROOT, capture_output=True, timeout=300,
                         preexec_fn=as_a_plain_user)  # fmt: skip
    lines = ran.stderr.decode(errors="replace").replace("\r", "\n").splitlines()
    assert ran.returncode == 2, ran.stderr
    (sentence,) = [line for line in lines if line.startswith("error: ")]
    assert lines[-1] == sentence
    assert "Traceback" not in ran.stderr.decode(errors="replace")
    return sentence.removeprefix("error: ")
