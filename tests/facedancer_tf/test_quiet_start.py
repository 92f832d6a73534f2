"""Importing TensorFlow: its start-up lines are dropped, and settings are the same before and after."""

import os
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


def test_ctrl_c_during_the_import_ends_a_script_by_one_word(tmp_path: Path) -> None:
    (tmp_path / "tensorflow.py").write_text(
        "import os\nos.write(2, b'I0000 00:00 noise\\n')\nos.kill(os.getpid(), 2)\nos.write(2, b'no')"
    )
    code = (
        "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from facedancer_tf.errors import run_main\nfrom facedancer_tf.quiet_start import load_tensorflow_quietly\n"
        "run_main(load_tensorflow_quietly)"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, timeout=60
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, b"", b"stopped\n")
