"""Tests signals in processes of their own, because a test runner handles signals in its own way."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

NOTED = """
import os, signal, sys
from facedancer_tf.training.stop_signals import stop_signals

number = signal.Signals[sys.argv[1]]
before = signal.getsignal(number)
with stop_signals() as stopped:
    assert not stopped()
    os.kill(os.getpid(), number)
    assert stopped()
assert signal.getsignal(number) is before
print("went on")
"""

TWICE = """
import os, signal
from facedancer_tf.training.stop_signals import stop_signals

with stop_signals():
    os.kill(os.getpid(), signal.SIGINT)
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt:
        print("interrupted")
"""


def run(script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_is_noted_and_nothing_is_interrupted(name):
    assert "went on" in run(NOTED, name)


def test_a_second_ctrl_c_interrupts():
    assert "interrupted" in run(TWICE)
