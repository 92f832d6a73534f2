"""Serve a page and an API that swap faces on this computer: python serve.py

Open the address that is printed in a browser. Nothing leaves this computer, and every result is marked as synthetic.
"""

from facedancer_tf.early_interrupts import end_at_interrupts

if __name__ == "__main__":
    end_at_interrupts()  # the imports below take a while

import argparse
from dataclasses import fields
from pathlib import Path

from facedancer_tf.command_line import Parser
from facedancer_tf.errors import UserError, run_main
from facedancer_tf.serving.settings import ServingLimits, Settings
from facedancer_tf.shown_text import say

EPILOG = """\
examples:
  python serve.py                                             the page at http://127.0.0.1:8008/
  python serve.py --model facedancer_c_hq                     another model where none is named
  python serve.py --limit picture_pixels=12000000             repeat for others; GET /v1/models names them all
  python serve.py --host 0.0.0.0 --token-file token.txt       for others too, who need the token; put TLS in front

What comes in lies in a private folder until its answer is sent; results are kept for an hour at most.
"""


def parse_arguments() -> argparse.Namespace:
    parser = Parser(__doc__, EPILOG)
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen at (127.0.0.1: this computer only)"
    )
    parser.add_argument("--port", type=int, default=8008, help="port (8008); 0 takes any that is free")
    parser.add_argument(
        "--token-file", type=Path, metavar="FILE", help="a file with the token that requests must carry"
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="another name that this server goes by",
    )
    parser.add_argument(
        "--model", help="a name (see import_weights.py --list) or a model file (the embedded one)"
    )
    parser.add_argument(
        "--limit",
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help="another bound; docs/serving.md has them",
    )
    arguments = parser.parse_args()
    if not 0 <= arguments.port <= 65535:
        parser.error(f"--port must be 0 to 65535, not {arguments.port}")
    return arguments


def read_limits(words: list[str]) -> ServingLimits:
    """The limits, of which `words` such as "sources=4" change some; raises UserError for other words."""
    names = [field.name for field in fields(ServingLimits)]
    changed: dict[str, int] = {}
    for word in words:
        name, _, number = word.partition("=")
        if name not in names or not (number.isascii() and number.isdigit() and int(number)):
            raise UserError(f"--limit must be NAME=NUMBER with a name of {', '.join(names)}, not {word!r}")
        changed[name] = int(number)
    return ServingLimits(**changed)


def read_token(path: Path) -> str:
    """The one line of the file at `path`; raises UserError where it cannot be read."""
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not plain ASCII"
        raise UserError(
            f"{path} cannot be read as a token ({reason}); write one line of 16 letters or more"
        ) from error


def read_settings(arguments: argparse.Namespace) -> Settings:
    token = None if arguments.token_file is None else read_token(arguments.token_file)
    try:
        return Settings(
            arguments.host,
            arguments.port,
            token,
            arguments.model,
            tuple(arguments.allow_host),
            read_limits(arguments.limit),
        )
    except ValueError as error:
        raise UserError(f"{error}; see python serve.py --help") from error


def main() -> None:
    settings = read_settings(parse_arguments())
    try:
        from facedancer_tf.serving.server import listen, serve
    except ModuleNotFoundError as error:
        raise UserError(f"the package {error.name} is missing; run: bash setup.sh serve") from error
    from facedancer_tf.swapping.swapper import Swapper

    listening = listen(settings.host, settings.port)
    if settings.token is not None:
        say("note: the token travels readably; put TLS in front (docs/serving.md)")
    serve(settings, Swapper, listening)


if __name__ == "__main__":
    run_main(main)
