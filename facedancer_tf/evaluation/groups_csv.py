"""Reads the groups of photographs from a CSV file with the columns picture and group; paths are relative to the file.

A group is whatever the user wants to compare: origin, sex, age, glasses.
"""

import os
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from data.csv_rows import UnreadableTable, read_table
from facedancer_tf.errors import UserError
from facedancer_tf.evaluation.pairs import Pair, PairSet, Photograph


def with_groups(pair_set: PairSet, path: Path) -> PairSet:
    """The pair set with the groups of the file; pictures that the file does not name have none.

    Raises UserError for a file that is no such table, for a picture with two groups, for a file that names no picture
    of the pairs, and for pairs that have groups already.
    """
    photographs = {side for pair in pair_set.pairs for side in (pair.source, pair.target)}
    if any(photograph.group for photograph in photographs):
        raise UserError(f"the pairs of {pair_set.name} have groups of their own; leave {path} out")
    groups, digest = _read_groups(path)

    def grouped(photograph: Photograph) -> Photograph:
        return replace(photograph, group=groups.get(os.path.realpath(photograph.path), ""))

    if not any(grouped(photograph).group for photograph in photographs):
        raise UserError(f"{path} names no picture of the pairs; its paths must be relative to the file")
    return replace(
        pair_set,
        pairs=tuple(Pair(grouped(pair.source), grouped(pair.target)) for pair in pair_set.pairs),
        gallery=tuple(grouped(photograph) for photograph in pair_set.gallery),
        sampling=f"{pair_set.sampling}; groups by {path.name} (SHA-256 {digest[:12]})",
    )


def _read_groups(path: Path) -> tuple[dict[str, str], str]:
    """The group of each picture, by its real path; and the SHA-256 of the file."""
    try:
        table = read_table(path, ("picture", "group"))
    except UnreadableTable as error:
        raise UserError(str(error), "unreadable") from error
    groups: dict[str, str] = {}
    for line, row in table.rows:
        group = row["group"].strip()
        before = groups.setdefault(os.path.realpath(path.parent / row["picture"]), group)
        if group != before:
            raise UserError(
                f"{path}, line {line}: {row['picture']} is of the group {group}, but {before} above"
            )
    return groups, sha256(table.content).hexdigest()
