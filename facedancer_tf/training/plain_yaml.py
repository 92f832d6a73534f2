"""Reads the YAML of settings within bounds, so that no file can take the time, the memory or the process.

YAML may name a part and repeat it (`*name`): a short text can so stand for gigabytes, or for a part that holds itself.
PyYAML's fast reader ends the process where thousands of parts lie in each other. Settings need none of this.
"""

import os
from pathlib import Path
from typing import Any

import jsonargparse
import yaml

from facedancer_tf.errors import UserError

LARGEST_BYTES, DEEPEST = 2**18, 20
MODE = "plain_yaml"  # the name under which jsonargparse knows `load_plain`
_load = jsonargparse.get_loader("yaml")


def load_plain(text: str) -> Any:
    """The content of a YAML text; raises yaml.YAMLError where it is none, or is beyond the bounds."""
    try:
        _check(text)
        return _load(text)
    except (ValueError, OverflowError) as error:  # a number that is none, like `0x_`
        raise yaml.YAMLError(str(error)) from error


def read_plain(path: Path) -> Any:
    """The content of a YAML file in UTF-8; raises OSError, UserError where it is too large, ValueError or
    yaml.YAMLError where it is none or beyond the bounds.
    """
    check_size(path)
    text = path.read_text(encoding="utf-8")
    _check(text)
    return yaml.safe_load(text)  # unlike the fast reader, it takes names of files that are not UTF-8


def check_size(path: str | os.PathLike) -> None:
    """Raises UserError for a file that is too large for settings, and OSError where there is none."""
    if (size := os.stat(path).st_size) > LARGEST_BYTES:
        raise UserError(
            f"{path} must hold settings, in at most {LARGEST_BYTES:,} bytes. Received: {size:,} bytes"
        )


def _check(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise yaml.YAMLError(f"parts may lie in each other {DEEPEST} deep at most")
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError(f"`*{event.anchor}` repeats another part: write it out")


jsonargparse.set_loader(MODE, load_plain, exceptions=(yaml.YAMLError,))
