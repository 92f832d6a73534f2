"""Errors that the user can mend: one sentence says what is wrong and what to do."""

import sys
from collections.abc import Callable


class UserError(Exception):
    """An error for wrong input, a missing file or an impossible request. The message is shown without a traceback."""


def run_main(main: Callable[[], None]) -> None:
    """Runs a script's `main`; a `UserError` becomes one line on stderr and exit code 2, Ctrl-C exit code 130."""
    try:
        main()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)
