"""Tell what the marks of pictures and films say about their origin: python check_provenance.py FILE…

Looks for content credentials (C2PA), the digital source type in the metadata, and this program's invisible watermark.
"""

from facedancer_tf.early_interrupts import end_at_interrupts

if __name__ == "__main__":
    end_at_interrupts()  # the imports below take a while

import argparse
import json
import sys
from pathlib import Path

from data.pictures import UnreadablePicture
from facedancer_tf.command_line import Parser
from facedancer_tf.errors import UserError, run_main
from facedancer_tf.provenance.checking import as_json, check, in_words
from facedancer_tf.shown_text import say

EPILOG = """\
exit code: 0 where every file is marked as synthetic, 1 where one is not, 2 where one cannot be read.

A mark says that a picture or film was made or changed by an algorithm. That no mark is found says nothing: marks can be
removed, and most programs set none. A signer's name proves nothing unless its certificate is trusted.
"""
MARKED, NOT_MARKED, UNREADABLE = 0, 1, 2


def parse_arguments() -> argparse.Namespace:
    parser = Parser(__doc__, EPILOG)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a picture or a film")
    parser.add_argument("--json", action="store_true", help="print one JSON list instead of words")
    parser.add_argument(
        "--trust", type=Path, metavar="PEM", help="certificates whose signatures count as trusted (none)"
    )
    return parser.parse_args()


def read_anchors(path: Path) -> str:
    """The PEM certificates in the file at `path`; raises UserError where it holds none."""
    try:
        text = path.read_text(encoding="ascii")
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); check the name") from error
    except UnicodeDecodeError:
        text = ""
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise UserError(f"{path} holds no PEM certificate (it begins with BEGIN CERTIFICATE)")
    return text


def main() -> None:
    arguments = parse_arguments()
    anchors = read_anchors(arguments.trust) if arguments.trust else None
    worst = MARKED
    findings: list[dict[str, object]] = []
    for path in arguments.files:
        try:
            if path.is_dir():
                raise UnreadablePicture(path, "unreadable", "a folder; name the files in it")
            provenance = check(path, anchors)
        except UnreadablePicture as error:
            worst, sentence = UNREADABLE, str(error)
            say(f"error: {sentence}", stream=sys.stderr)
            findings.append({"file": str(path), "error": sentence})
            continue
        worst = max(worst, MARKED if provenance.is_marked else NOT_MARKED)
        if arguments.json:
            findings.append(as_json(path, provenance))
        else:
            say(f"{path}: {'marked as synthetic' if provenance.is_marked else 'not marked'}")
            say(*(f"  {line}" for line in in_words(provenance)))
    if arguments.json:
        say(*json.dumps(findings, indent=2).split("\n"))
    sys.exit(worst)


if __name__ == "__main__":
    run_main(main)
