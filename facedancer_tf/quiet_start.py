"""Imports TensorFlow without its start-up lines, which would hide the one line that the user should read.

TensorFlow writes them from C++ before any log level takes effect (TF_CPP_MIN_LOG_LEVEL does not stop them). So they
are caught at the file descriptor: information and warnings are dropped, everything else is passed on.

Python's garbage collector is off during the import: it took a quarter of the time to search objects that stay.
"""

import gc
import os
import re
import sys
import tempfile

from facedancer_tf.interrupts import ending_at_once

_NOISE = re.compile(
    rb"WARNING: All log messages before absl|[IW]\d{4} \d\d:\d\d|\d{4}-\d\d-\d\d \S+ [IW] "
    rb"|.*failed call to cuInit"  # TensorFlow logs this as an error where there is no GPU
)


def load_tensorflow_quietly(wake_devices: bool = True) -> None:
    """Imports TensorFlow and starts its devices. A failure raises as usual, and all that was written before is shown.

    wake_devices: whether to start the devices. Workers of several machines must not: they have to meet first.
    """
    if "tensorflow" in sys.modules:
        return
    collecting = gc.isenabled()
    gc.disable()
    try:
        _load(wake_devices)
    finally:
        gc.freeze()  # imported objects stay, so no later collection has to search them
        if collecting:
            gc.enable()


def _load(wake_devices: bool) -> None:
    """Imports TensorFlow and filters its start-up lines."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # for what comes later
    sys.stderr.flush()
    original_stderr = os.dup(2)
    try:
        with (
            tempfile.TemporaryFile() as captured,
            ending_at_once(lambda: os.dup2(original_stderr, 2)),
        ):
            os.dup2(captured.fileno(), 2)
            noise: re.Pattern[bytes] | None = None
            try:
                import tensorflow as tf

                tf.get_logger().setLevel("ERROR")  # it warns of retracing where many models are loaded
                if wake_devices:
                    tf.constant(
                        0.0
                    )  # finds the devices, and TensorFlow writes the rest of its start-up lines
                noise = _NOISE
            finally:
                sys.stderr.flush()
                os.dup2(original_stderr, 2)
                captured.seek(0)
                lines = [line for line in captured if noise is None or not noise.match(line)]
                os.write(2, b"".join(lines))
    finally:
        os.close(original_stderr)
