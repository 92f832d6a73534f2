"""What the server writes about itself: one line for each request, and where a mistake of its own happened.

The text of an unforeseen error may hold anything, a person's embedding among it, so only its kind and place are told.
"""

import logging
import sys
import traceback

REQUESTS = "facedancer_tf.serving"


def start_log() -> None:
    """Writes the log to stdout, whatever other packages have set up."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(WithoutValues("%(asctime)s %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger(REQUESTS).setLevel(logging.INFO)
    logging.raiseExceptions = False  # where nobody reads the log any more, the server goes on


class WithoutValues(logging.Formatter):
    """Writes errors as their kind and the lines that they went through."""

    def formatException(self, ei) -> str:  # type: ignore[no-untyped-def]
        kind, _, trace = ei
        return "".join([*traceback.format_tb(trace), kind.__name__ if kind else "an error"])
