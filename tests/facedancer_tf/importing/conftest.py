"""Small released-style checkpoints, written from their layouts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.legacy import layouts

LAYOUTS = Path(__file__).resolve().parents[2] / "legacy" / "h5"


@pytest.fixture(scope="session")
def write_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Writes the checkpoint of a case and returns its path. If `change` is given, it first changes the layout."""
    folder = tmp_path_factory.mktemp("checkpoints")
    count = 0

    def write(
        case: str, weights_only: bool = False, change: Callable[[dict[str, Any]], Any] | None = None
    ) -> Path:
        nonlocal count
        count += 1
        layout = layouts.load(LAYOUTS / f"{case}.layout.json.gz")
        if change is not None:
            layout = change(layout) or layout
        path = folder / f"{case}-{count}.h5"
        layouts.write(layout, path, weights_only)
        return path

    return write


@pytest.fixture(scope="session")
def small_checkpoint(write_checkpoint: Callable[..., Path]) -> Path:
    """The released plan at 64 px with 4 filters; a test that changes it copies it first."""
    return write_checkpoint("default")
