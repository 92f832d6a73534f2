"""The parser that all scripts share: its errors are one sentence, like every other error of the scripts."""

import argparse
from typing import NoReturn

from facedancer_tf.errors import UserError


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
