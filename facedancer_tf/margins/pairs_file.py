"""Reads samples from pictures that any swapper has made: a CSV file of targets, swapped pictures and sources."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from data.csv_rows import UnreadableTable, read_table
from data.folders import Item
from facedancer_tf.errors import UserError
from facedancer_tf.margins.faces import FaceReader
from facedancer_tf.margins.samples import (
    BATCH,
    DIFFERENT,
    SWAPPED_SOURCE,
    TARGET_SWAPPED,
    Samples,
    count_left_out,
    stack_crops,
)
from facedancer_tf.swapping.portraits import NoFace, find_face, read_pixels, read_portrait

COLUMNS = ("target", "swapped", "source")
NO_SOURCES = (
    "the pairs name no source, so which blocks hold the identity could not be checked: those that tell people apart "
    "have margins here too, add the column source to leave them out"
)


def read_rows(file: Path) -> list[dict[str, Path]]:
    """Reads the rows of `file`: paths by column. Relative paths start at the file's folder; `source` may be missing.

    Raises UserError where the file cannot be read, lacks a column or a value, or has no rows.
    """
    try:
        rows = [row for _, row in read_table(file, COLUMNS[:2], COLUMNS[2:]).rows]
    except UnreadableTable as error:
        raise UserError(str(error), "unreadable") from error
    return [{column: file.parent / row[column] for column in COLUMNS if column in row} for row in rows]


def samples_of_pairs(file: Path, count: int, seed: int, size_px: int, detector: str = "yunet") -> Samples:
    """Makes samples of at most `count` rows of `file`, drawn at random.

    Different people are the target and the source of a row or, without sources, the targets of two rows. If target and
    swapped picture have one size, the swapped face is cut out where the target's face lies, as a loss sees it. Rows are
    left out where a picture is missing or shows no face, or where the source is the target itself. Raises UserError
    where no row is left, or where all rows have one target and no source.
    """
    rows = read_rows(file)
    random = np.random.default_rng(seed)
    reader = FaceReader(detector, size_px)
    samples: list[dict[str, np.ndarray]] = []
    targets: list[str] = []
    for index in tqdm(random.permutation(len(rows)).tolist(), unit="row", disable=None):
        if len(samples) == count:
            break
        if (sample := _read_sample(rows[index], reader)) is not None:
            samples.append(sample)
            targets.append(str(rows[index]["target"]))
    with_source = "source" in rows[0]
    if not samples:
        raise UserError(f"{file} holds no pairs that could be used ({count_left_out(reader.left_out)})")
    if not with_source:
        if len(set(targets)) == 1:
            raise UserError(f"{file} names one target only: add the column source, to have different people")
        for number, sample in enumerate(samples):
            strangers = [other for other, target in enumerate(targets) if target != targets[number]]
            sample["stranger"] = samples[int(random.choice(strangers))]["target"]

    def batches() -> Iterator[dict[str, np.ndarray]]:
        for start in range(0, len(samples), BATCH):
            part = samples[start : start + BATCH]
            yield {role: stack_crops([sample[role] for sample in part]) for role in part[0]}

    kinds = {TARGET_SWAPPED: ("target", "swapped"), DIFFERENT: ("target", "stranger")}
    if with_source:
        kinds = {
            TARGET_SWAPPED: ("target", "swapped"),
            SWAPPED_SOURCE: ("swapped", "source"),
            DIFFERENT: ("target", "source"),
        }
    return Samples(
        batches=batches,
        kinds=kinds,
        groups=targets,
        shrink=1.0,
        origin=f"measured on {len(samples)} swapped pictures of {len(set(targets))} targets, listed in {file.name}",
        material=reader.describe_material(file, _pictures_of_rows(file, rows)),
        left_out=dict(reader.left_out),
        beware="" if with_source else NO_SOURCES,
    )


def _pictures_of_rows(file: Path, rows: list[dict[str, Path]]) -> list[Item]:
    """Every picture of the rows, in their order; its name is the column and the path from the file's folder."""
    return [
        Item(f"{column} {os.path.relpath(path, file.parent)}", "", str(path))
        for row in rows
        for column, path in row.items()
    ]


def _read_sample(row: dict[str, Path], reader: FaceReader) -> dict[str, np.ndarray] | None:
    """The row's aligned crops by column. None where one of them fails; `reader` then names the file."""
    if row.get("source") == row["target"]:
        reader.left_out["swapped with itself"].append(str(row["target"]))
        return None
    path = row["target"]
    try:
        target = read_portrait(path, reader.detector)
        crops = {"target": reader.cut(target.picture, target.face)}
        for column in [column for column in row if column != "target"]:
            path = row[column]
            picture = read_pixels(path)
            same_place = column == "swapped" and picture.shape == target.picture.shape
            crops[column] = reader.cut(
                picture, target.face if same_place else find_face(picture, reader.detector)
            )
    except NoFace as reason:
        reader.left_out[str(reason)].append(str(path))
        return None
    return crops
