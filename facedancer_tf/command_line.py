"""The parser that all scripts share: its errors are one sentence, like every other error of the scripts."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from data.clusters.connection import LOCAL
from facedancer_tf.errors import UserError
from facedancer_tf.writing import check_folder


class Parser(argparse.ArgumentParser):
    """An argparse parser that raises `UserError` for a wrong command line and takes no abbreviated flags."""

    def __init__(self, description: str | None, epilog: str | None = None) -> None:
        super().__init__(
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; see python {self.prog} --help")

    def parse_intermixed_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> Any:
        """Reads options between files. After `--` all are files, even where their names begin with a dash.

        argparse forgets `--` here where a file stands before it, so such names get the folder that they lie in.
        """
        words = sys.argv[1:] if args is None else list(args)
        if "--" in words:
            end = words.index("--")
            words = words[:end] + [f"./{word}" if word[:1] == "-" else word for word in words[end + 1 :]]
        return super().parse_intermixed_args(words, namespace)


def add_paste_flags(parser: Parser) -> None:
    """Adds the two flags that leave a step of pasting out; they are `finest_detail` and `skin_colour` of a Swapper."""
    parser.add_argument(
        "--without-finest-detail",
        dest="finest_detail",
        action="store_false",
        help="do not give the enlarged face the target's finest detail",
    )
    parser.add_argument(
        "--without-skin-colour",
        dest="skin_colour",
        action="store_false",
        help="do not give the face the colour of the target's skin",
    )


def add_cluster_flags(parser: Parser) -> None:
    """Adds the two flags that give the work to other processes; without them it is done in this one."""
    parser.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="of many targets: a Dask scheduler whose workers swap, like tls://host:8786; or local, for processes here",
    )
    parser.add_argument(
        "--workers", type=int, metavar="N", help="of --cluster local: how many (default: one per core)"
    )


def check_cluster(parser: Parser, cluster: str | None, workers: int | None) -> None:
    """Raises UserError where the two flags do not fit each other."""
    if workers is not None and cluster != LOCAL:
        parser.error("--workers belongs to --cluster local; the workers of another cluster are started there")
    if workers is not None and workers < 1:
        parser.error(f"--workers must be at least 1, not {workers}")


def check_output(path: Path, suffixes: Sequence[str], inputs: Sequence[Path]) -> None:
    """Raises UserError where a script cannot write `path`, or would destroy one of its `inputs`."""
    if path.suffix.lower() not in suffixes:
        raise UserError(f"the output's name must end in one of {', '.join(suffixes)}, not {path.name!r}")
    check_folder(path.parent)
    if path.is_dir():
        many = "of many targets, give the folder or a pattern in quotes"
        raise UserError(f"the output {path} is a folder; name a file ({many})")
    for file in inputs:
        if path.exists() and file.exists() and path.samefile(file):
            raise UserError(f"the output {path} is the input {file} itself; name another output")
