"""Finds networks inside PyPI packages without importing the packages, checks them by hash, and opens OpenVINO."""

import hashlib
import importlib.util
from pathlib import Path
from typing import Any

INSTALL = "bash setup.sh synthetic"


class SyntheticUnavailable(ValueError):
    """A package for synthetic faces is missing or is not the pinned one; the message says what to install."""


def packaged_file(package: str, path: str, sha256: str) -> Path:
    """Finds a file inside an installed `package` without importing it: the package's own code may not even load.

    Raises SyntheticUnavailable where package or file is missing, or the file has another hash.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SyntheticUnavailable(f"synthetic faces need the package {package.replace('_', '-')}: {INSTALL}")
    file = Path(spec.submodule_search_locations[0]) / path
    if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
        raise SyntheticUnavailable(f"{package.replace('_', '-')} is not the version needed: {INSTALL}")
    return file


def open_core() -> Any:
    """Opens OpenVINO with one thread per network, in float32: the pixels are the same for any number of processes."""
    try:
        import openvino
    except ImportError as error:
        raise SyntheticUnavailable(f"synthetic faces need the package openvino: {INSTALL}") from error
    core = openvino.Core()
    core.set_property("CPU", {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"})
    return core
