"""Importing TensorFlow: its start-up lines are dropped, and settings are the same before and after."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("collecting", [True, False])
def test_quiet_and_the_collector_as_before(collecting: bool) -> None:
    code = (
        "import gc, sys\nfrom facedancer_tf.quiet_start import load_tensorflow_quietly\n"
        f"gc.enable() if {collecting} else gc.disable()\n"
        "load_tensorflow_quietly()\n"
        "sys.modules['tensorflow'].get_logger().warning('retracing')\n"
        "print(gc.isenabled(), 'tensorflow' in sys.modules, gc.get_freeze_count() > 100_000)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (ran.stdout, ran.stderr) == (f"{collecting} True True\n", "")
