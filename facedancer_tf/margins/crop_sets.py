"""Reads aligned crops, with the person in each, from a folder of pictures or of shards that prepare_data.py made."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from data.damaged_shards import damage_of
from data.folders import LeftOut
from data.manifest import Split, read_manifest
from data.pipeline import decode_picture
from data.records import parse_record
from facedancer_tf.errors import UserError
from facedancer_tf.margins.faces import FaceReader


@dataclass(frozen=True)
class CropSet:
    """Aligned crops uint8 [N, S, S, 3].

    people: the person in each crop. material: from which pictures they come, in words. left_out: the files
    that could not be used, by reason.
    """

    crops: np.ndarray
    people: tuple[str, ...]
    material: str
    left_out: LeftOut


def read_crops(
    folder: Path, split: Split | None, count: int, size_px: int, shrink: float, random: np.random.Generator
) -> CropSet:
    """Reads at most `count` crops of `folder`, drawn at random.

    split: of a folder of shards; None means validation, or train where validation does not show two people. Raises
    UserError where there are no crops, where `split` is given for a folder of pictures, or where the shards have
    another shrink or are smaller than `size_px`.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder of pictures or shards; check the name", "missing")
    if any(folder.glob("manifest-*.json")):
        if split is None:
            crops = _of_shards(folder, "validation", count, size_px, shrink, random)
            if crops is not None and len(set(crops.people)) > 1:
                return crops
        crops = _of_shards(folder, split or "train", count, size_px, shrink, random)
        if crops is None:
            raise UserError(f"{folder} holds no pictures in its split {split or 'train'}: name the other one")
        return crops
    if split is not None:
        raise UserError(f"{folder} holds no shards, so it has no split {split}: leave `split` out")
    return _of_pictures(folder, count, size_px, shrink, random)


def _of_pictures(
    folder: Path, count: int, size_px: int, shrink: float, random: np.random.Generator
) -> CropSet:
    reader = FaceReader("yunet", size_px, shrink)
    items = reader.list_people(folder)
    crops: list[np.ndarray] = []
    people: list[str] = []
    for index in random.permutation(len(items)).tolist():
        if len(crops) == count:
            break
        if (crop := reader.crop(items[index])) is not None:
            crops.append(crop)
            people.append(items[index].label)
    if not crops:
        raise UserError(f"{folder} holds no picture that shows a face ({len(items)} looked at)", "no_face")
    return CropSet(np.stack(crops), tuple(people), reader.describe_material(folder, items), reader.left_out)


def _of_shards(
    folder: Path, split: Split, count: int, size_px: int, shrink: float, random: np.random.Generator
) -> CropSet | None:
    """The drawn crops of one split; None where it is empty."""
    try:
        manifest = read_manifest(folder)
    except ValueError as error:
        raise UserError(str(error), "unreadable") from error
    if manifest.shrink != shrink or manifest.size_px < size_px:
        raise UserError(
            f"{folder} holds crops of {manifest.size_px} px with shrink {manifest.shrink:g}, but the model wants at "
            f"least {size_px} px with shrink {shrink:g}: name a folder of pictures, or make such shards"
        )
    shards = manifest.of(split)
    total = sum(shard.count for shard in shards)
    if not total:
        return None
    # The draw is one of positions: one pass reads all records, and only the drawn ones are decoded.
    drawn_mask = np.zeros(total, bool)
    drawn_mask[random.permutation(total)[:count]] = True
    records = tf.data.TFRecordDataset([str(folder / shard.name) for shard in shards], buffer_size=1 << 20)
    crops, people = [], []
    try:
        for is_drawn, record in zip(drawn_mask, records, strict=True):
            if is_drawn:
                crops.append(decode_picture(record, manifest.size_px, size_px).numpy())
                people.append(parse_record(record)["label"].numpy().decode(errors="surrogateescape"))
    except (
        tf.errors.OpError,
        ValueError,
    ) as error:  # the latter where a shard holds another number of records
        if damage := damage_of(folder, manifest):
            raise UserError(str(damage), "unreadable") from error
        raise
    digest = hashlib.sha256("".join(shard.sha256 for shard in shards).encode()).hexdigest()
    material = (
        f"the split {split} of {folder.resolve().name}, {total} crops of {manifest.size_px} px with shrink "
        f"{shrink:g} (SHA-256 of its shards' checksums {digest[:16]}), resized to {size_px} px"
    )
    return CropSet(np.stack(crops), tuple(people), material, {})
