"""Every benchmark shows its help, without a traceback and without TensorFlow's start-up lines."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CODE = """
import runpy, sys
for name in sys.argv[1:]:
    sys.argv = [name, "--help"]
    try:
        runpy.run_module(f"benchmarks.{name}", run_name="__main__")
    except SystemExit as stopped:
        assert not stopped.code, name
"""


def test_help_of_every_benchmark():
    scripts = [path for path in sorted((ROOT / "benchmarks").glob("*.py")) if "__main__" in path.read_text()]
    assert len(scripts) > 5
    for path in scripts:
        text = path.read_text()
        assert "\n    load_tensorflow_quietly()" in text or "\nimport tensorflow" not in text, path
    names = [path.stem for path in scripts]
    ran = subprocess.run(
        [sys.executable, "-c", CODE, *names], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.count("usage: ") == len(names)
