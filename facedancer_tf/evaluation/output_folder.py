"""Checks the output folder of an evaluation: it must be its own, and not lie among the pictures that are measured."""

import json
from collections.abc import Set
from pathlib import Path

from data.whole_files import is_unfinished
from facedancer_tf.errors import UserError
from facedancer_tf.evaluation.pairs import PairSet

RESULTS = "results.json"
KEYS = frozenset({"about", "systems"})  # of what evaluate.py writes into it
FILM_KEYS = frozenset({"about", "film"})  # the same of evaluate_video.py


def check_output(folder: Path, keys: Set[str] = KEYS) -> None:
    """Raises UserError where `folder` holds something that is no evaluation: it would be overwritten.

    `keys` are those by which a script's own results.json is known.
    """
    try:
        free = not folder.exists() or (folder.is_dir() and all(map(is_unfinished, folder.iterdir())))
    except OSError as error:
        raise UserError(
            f"the output folder {folder} cannot be read: {error.strerror or error}", "unreadable"
        ) from error
    if not free and not is_evaluation(folder, keys):
        raise UserError(f"{folder} exists and holds no evaluation; name another folder", "unwritable")


def is_evaluation(folder: Path, keys: Set[str] = KEYS) -> bool:
    """Whether the folder's results.json has these keys, by default those that evaluate.py writes."""
    try:
        content = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and keys <= set(content)


def check_apart(folder: Path, pairs: str, pair_set: PairSet) -> None:
    """Raises UserError where the output lies in the folder of `pairs`, or the pictures or pairs lie in the output.

    In the first case the next evaluation would measure this one's pictures; in the second case this one would
    overwrite what it measures.
    """
    output, where = folder.resolve(), Path(pairs).resolve()
    if where.is_dir() and output.is_relative_to(where):
        raise UserError(f"the output folder {folder} lies in the folder of the pairs, {pairs}; name another")
    sides = (side for pair in pair_set.pairs for side in (pair.source, pair.target))
    pictures = {photograph.path for photograph in (*sides, *pair_set.gallery)}
    places = [where] if where.exists() else []  # "bundled" is no file or folder
    inside = [path for path in (*places, *sorted(pictures)) if path.resolve().is_relative_to(output)]
    if inside:
        raise UserError(f"{inside[0]} lies in the output folder {folder}; name another")
