"""Measures one system on a few pairs: everything but likeness, which needs the whole gallery."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from data.faces.alignment import estimate_transform, warp
from facedancer_tf.evaluation.background import change_under, face_region
from facedancer_tf.evaluation.expression import expression_distance, shape_distance
from facedancer_tf.evaluation.jpeg import through_jpeg
from facedancer_tf.evaluation.meter import Meter, Readings
from facedancer_tf.evaluation.occluders import KINDS, occlude
from facedancer_tf.evaluation.portrait_set import Portrait
from facedancer_tf.evaluation.pose import is_turned, pose_change, pose_distance
from facedancer_tf.evaluation.reconstruction import mean_absolute, psnr_db, ssim
from facedancer_tf.evaluation.seam import seam_values
from facedancer_tf.evaluation.sharpness import sharpness
from facedancer_tf.evaluation.systems import SwappedCrop, System

COVERED = 250  # of 255: from this value of the mask on, the occluder hides a pixel of the crop wholly
PASTE_PX = 256  # side of the crop in which the paste's rim is measured: the paper's size
Values = dict[str, np.ndarray]


@dataclass(frozen=True)
class Chunk:
    """A few pairs. before: readings of their targets. occluded: the targets with occluders. masks: the occluders'."""

    sources: Sequence[Portrait]
    targets: Sequence[Portrait]
    before: Readings
    occluded: Sequence[Portrait]
    masks: Sequence[np.ndarray]


@dataclass(frozen=True)
class Measurements:
    """What was measured of n pairs.

    values: one number per pair [n], by name. embeddings: of the swapped faces [n, W]. embeddings_jpeg: of the swapped
    faces after JPEG [n, W]. features: Inception's [n, 2048], or [n, 0] without Inception.
    """

    values: Values
    embeddings: np.ndarray
    embeddings_jpeg: np.ndarray
    features: np.ndarray


def prepare_chunk(
    sources: Sequence[Portrait], targets: Sequence[Portrait], first: int, seed: int, meter: Meter
) -> Chunk:
    """Reads the targets and draws occluders over them.

    first: number of the first pair; the kind of an occluder depends on the pair's number.
    """
    occluded, masks = [], []
    for number, target in enumerate(targets, start=first):
        kind = KINDS[number % len(KINDS)]
        picture, mask = occlude(target.picture, target.face.landmarks, kind, [seed, number])
        occluded.append(replace(target, picture=picture))
        masks.append(mask)
    before = meter.read([target.picture for target in targets], [target.face for target in targets])
    return Chunk(sources, targets, before, occluded, masks)


def measure(system: System, chunk: Chunk, meter: Meter) -> Measurements:
    """Swaps and measures the pairs of `chunk`."""
    crops = system.swap(chunk.sources, chunk.targets)
    pictures = [system.paste(target, crop) for target, crop in zip(chunk.targets, crops, strict=True)]
    places = [target.face for target in chunk.targets]
    after = meter.read(pictures, places)
    embeddings_jpeg = meter.embed([through_jpeg(picture) for picture in pictures], places)
    values = {
        "lost": 100.0 * ~after.has_face,
        **_attributes(chunk.before, after),
        **_self_swap(system, chunk),
        **_paste(chunk, pictures),
        "background": _background(chunk, crops),
        **_occlusion(system, chunk, crops),
    }
    return Measurements(values, after.embeddings, embeddings_jpeg, meter.features(pictures, places))


def join(parts: Sequence[Measurements]) -> Measurements:
    """Joins the measurements of consecutive chunks of one system."""
    values = {name: np.concatenate([part.values[name] for part in parts]) for name in parts[0].values}
    return Measurements(
        values,
        np.concatenate([part.embeddings for part in parts]),
        np.concatenate([part.embeddings_jpeg for part in parts]),
        np.concatenate([part.features for part in parts]),
    )


def _attributes(before: Readings, after: Readings) -> Values:
    change = pose_change(before.angles, after.angles)
    pose = pose_distance(before.angles, after.angles)
    return {
        "pose": pose,
        "yaw": change[:, 0],
        "pitch": change[:, 1],
        "pose_turned": np.where(is_turned(before.angles), pose, np.nan),
        "expression": expression_distance(before.expression, after.expression),
        "shape": shape_distance(before.landmarks, after.landmarks),
    }


def _self_swap(system: System, chunk: Chunk) -> Values:
    """Swaps each target with itself and compares the crops at the system's size."""
    crops = system.swap(chunk.targets, chunk.targets)
    measures = {"self_l1": mean_absolute, "self_psnr_db": psnr_db, "self_ssim": ssim}
    return {
        name: np.array([compare(crop.before, crop.after) for crop in crops])
        for name, compare in measures.items()
    }


def _paste(chunk: Chunk, finished: Sequence[np.ndarray]) -> Values:
    """Sharpness and seam of the finished pictures."""
    transforms = [estimate_transform(target.face.landmarks, PASTE_PX) for target in chunk.targets]
    pasted = [
        (target.picture, picture, transform, PASTE_PX)
        for target, picture, transform in zip(chunk.targets, finished, transforms, strict=True)
    ]
    seams = [seam_values(*paste) for paste in pasted]
    return {
        "sharpness": np.array([sharpness(*paste) for paste in pasted]),
        **{name: np.array([values[name] for values in seams]) for name in seams[0]},
    }


def _background(chunk: Chunk, crops: Sequence[SwappedCrop]) -> np.ndarray:
    changes = []
    for landmarks, crop in zip(chunk.before.landmarks, crops, strict=True):
        if np.isnan(landmarks).any():
            changes.append(np.nan)
            continue
        face = face_region(landmarks, crop.transform, len(crop.before))
        changes.append(change_under(~face, crop.before, crop.after))
    return np.array(changes)


def _occlusion(system: System, chunk: Chunk, unoccluded: Sequence[SwappedCrop]) -> Values:
    """How much the swap changes the occluder, and what painting over it would score: a swap that never saw it."""
    change, change_if_gone = [], []
    crops = system.swap(chunk.sources, chunk.occluded)
    for mask, crop, unoccluded_crop in zip(chunk.masks, crops, unoccluded, strict=True):
        grey = np.repeat(np.rint(mask * 255).astype(np.uint8)[..., None], 3, axis=-1)
        covered = warp(grey, crop.transform, len(crop.before))[..., 0] >= COVERED
        change.append(change_under(covered, crop.before, crop.after))
        change_if_gone.append(change_under(covered, crop.before, unoccluded_crop.after))
    return {"occluder": np.array(change), "occluder_gone": np.array(change_if_gone)}
