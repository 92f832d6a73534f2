"""Loading TensorFlow without its start-up lines, which would bury the one line that a person should read.

TensorFlow writes them from C++ before any log level is in force (TF_CPP_MIN_LOG_LEVEL does not stop them), so they
are held back at the file descriptor; information and warnings are dropped, everything else is passed on.

Meanwhile the collector of reference cycles rests: a quarter of the import was its looking through objects that stay.
"""

import gc
import os
import re
import sys
import tempfile

_NOISE = re.compile(
    rb"WARNING: All log messages before absl|[IW]\d{4} \d\d:\d\d|\d{4}-\d\d-\d\d \S+ [IW] "
    rb"|.*failed call to cuInit"  # reported as an error where there is simply no GPU
)


def load_tensorflow_quietly(wake_devices: bool = True) -> None:
    """Imports TensorFlow and wakes its devices up; a failure raises as ever, with all that was written before it.

    Workers of several machines must meet before their devices wake: `wake_devices` leaves that to what follows.
    """
    if "tensorflow" in sys.modules:
        return
    collecting = gc.isenabled()
    gc.disable()
    try:
        _load(wake_devices)
    finally:
        gc.freeze()  # what is imported stays: no later collection looks at it again
        if collecting:
            gc.enable()


def _load(wake_devices: bool) -> None:
    """The import, with the start-up lines held back."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # for what comes later
    sys.stderr.flush()
    original_stderr = os.dup(2)
    try:
        with tempfile.TemporaryFile() as captured:
            os.dup2(captured.fileno(), 2)
            noise: re.Pattern[bytes] | None = None
            try:
                import tensorflow as tf

                tf.get_logger().setLevel("ERROR")  # many models are no reason to warn of retracing
                if wake_devices:
                    tf.constant(0.0)  # finds the devices, which is where the rest is said
                noise = _NOISE
            finally:
                sys.stderr.flush()
                os.dup2(original_stderr, 2)
                captured.seek(0)
                lines = [line for line in captured if noise is None or not noise.match(line)]
                os.write(2, b"".join(lines))
    finally:
        os.close(original_stderr)
