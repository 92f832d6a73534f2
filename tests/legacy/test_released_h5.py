"""`import_weights.py` against checkpoints that Keras 2 with tensorflow-addons has just saved (see `released_h5.py`).

The recorded ones, for machines without that stack, are in tests/facedancer_tf/importing.
"""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from facedancer_tf.importing.importer import Statements, read_weights
from tests.facedancer_tf.importing.test_released_files import PLANS, output
from tests.legacy.test_oracle import LEGACY_PYTHON, TOLERANCE, legacy_environment

needs_legacy = pytest.mark.skipif(
    not LEGACY_PYTHON.exists(), reason="needs the legacy environment: bash setup.sh legacy"
)


def written(folder: Path, size: str, *cases: str) -> Path:
    command = [str(LEGACY_PYTHON), str(Path(__file__).with_name("released_h5.py")), str(folder), size, *cases]
    done = subprocess.run(command, env=legacy_environment(), capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    return folder


def largest_difference(folder: Path, case: str, name: str, stated: Statements) -> float:
    """Of the imported network's output from the output recorded when `name` was saved."""
    with np.load(folder / f"{case}.npz", allow_pickle=False) as reference:
        expected = reference["y"]
    assert np.abs(expected).max() > 0.1
    return float(np.abs(output(read_weights(folder / name, stated).network) - expected).max())


@needs_legacy
def test_small_checkpoints_full_and_weights_alone(tmp_path: Path) -> None:
    cases = [*PLANS, "discriminator"]
    written(tmp_path, "small", *cases)
    for case in cases:
        stated = Statements(fusion=PLANS.get(case), mapping_depth=0 if case == "depth_0" else 2, size_px=64)
        for name in (f"{case}.h5", f"{case}_weights.h5"):
            assert largest_difference(tmp_path, case, name, stated) <= TOLERANCE, name


@pytest.mark.slow
@needs_legacy
@pytest.mark.parametrize("case", [*PLANS, "discriminator", "arcface_usual", "arcface_pooled"])
def test_released_size(tmp_path: Path, case: str) -> None:
    written(tmp_path, "released", case)
    difference = largest_difference(tmp_path, case, f"{case}.h5", Statements())
    print(f"{case}: max |imported - Keras 2| = {difference:.2e}")
    assert difference <= TOLERANCE
