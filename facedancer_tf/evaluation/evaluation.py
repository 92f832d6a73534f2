"""Runs all systems on all pairs: the protocol from photographs to values per pair.

The same seed gives the same result: pairs, gallery and occluders follow from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from facedancer_tf.evaluation.frechet import Frechet, compare_clouds
from facedancer_tf.evaluation.identity import Gallery, identity_values
from facedancer_tf.evaluation.judges import Judge
from facedancer_tf.evaluation.means import Mean, mean_with_interval
from facedancer_tf.evaluation.measuring import Measurements, Values, join, measure, prepare_chunk
from facedancer_tf.evaluation.meter import Meter
from facedancer_tf.evaluation.pairs import PairSet, Photograph
from facedancer_tf.evaluation.portrait_set import Portraits, find_portraits, usable_only
from facedancer_tf.evaluation.slices import Slice, slice_means, slice_pairs, worst_slice
from facedancer_tf.evaluation.systems import System

CHUNK, GALLERY_CHUNK = 8, 16  # pairs, and pictures of the gallery, at once: large pictures take much memory


@dataclass(frozen=True)
class Row:
    """The scores of one system.

    values: one number per pair [n], by metric. means: their means, by metric. slices: the means of each slice, in the
    order of the evaluation's slices. worst: the slice of sources that are found least often, None where no slice is
    large enough. frechet: Fréchet distances, by name.
    """

    name: str
    values: Values
    means: dict[str, Mean]
    slices: list[dict[str, Mean]]
    worst: Slice | None
    frechet: dict[str, Frechet]


@dataclass(frozen=True)
class Evaluation:
    """The result: rows in the order of the systems, on the usable pairs and the usable gallery.

    slices: these pairs by skin tone and group. pair_set: the pairs and the gallery. portraits: faces, and pictures that
    could not be used. pairs_asked: how many pairs there were before unusable ones were left out.
    """

    rows: list[Row]
    slices: list[Slice]
    pair_set: PairSet
    portraits: Portraits
    pairs_asked: int


def evaluate(
    systems: Sequence[System],
    pair_set: PairSet,
    meter: Meter,
    seed: int = 1,
) -> Evaluation:
    """Measures every system on every pair; raises UserError where no pair can be used."""
    photographs = [side for pair in pair_set.pairs for side in (pair.source, pair.target)]
    portraits = find_portraits([*photographs, *pair_set.gallery], meter.detector)
    used = usable_only(pair_set, portraits)
    embeddings, features = _read_gallery(meter, used.gallery, portraits)
    parts: dict[str, list[Measurements]] = {system.name: [] for system in systems}
    targets = []
    with tqdm(
        total=len(used.pairs) * len(systems), desc="swaps", unit="swap", leave=False, disable=None
    ) as bar:
        for first in range(0, len(used.pairs), CHUNK):
            pairs = used.pairs[first : first + CHUNK]
            sides = [
                [portraits.load(p) for p in side]
                for side in zip(*((p.source, p.target) for p in pairs), strict=True)
            ]
            chunk = prepare_chunk(sides[0], sides[1], first, seed, meter)
            targets.append(chunk.before.embeddings)
            for system in systems:
                parts[system.name].append(measure(system, chunk, meter))
                bar.update(len(pairs))
    gallery = Gallery(used.gallery, embeddings)
    slices = slice_pairs(used.pairs, portraits.tones)
    rows = [
        _row(name, join(measurements), meter.judge, used, slices, gallery, features, np.concatenate(targets))
        for name, measurements in parts.items()
    ]
    return Evaluation(rows, slices, used, portraits, len(pair_set.pairs))


def _read_gallery(
    meter: Meter, gallery: Sequence[Photograph], portraits: Portraits
) -> tuple[np.ndarray, np.ndarray]:
    """The judge's embeddings [m, W] and Inception's features [m, 2048 or 0] of every photograph of the gallery."""
    embeddings, features = [], []
    for first in tqdm(range(0, len(gallery), GALLERY_CHUNK), desc="gallery", leave=False, disable=None):
        portraits_here = [portraits.load(photograph) for photograph in gallery[first : first + GALLERY_CHUNK]]
        pictures, faces = [p.picture for p in portraits_here], [p.face for p in portraits_here]
        embeddings.append(meter.judge.embed(pictures, faces))
        features.append(meter.features(pictures, faces))
    return np.concatenate(embeddings), np.concatenate(features)


def _row(
    name: str,
    measurements: Measurements,
    judge: Judge,
    used: PairSet,
    slices: Sequence[Slice],
    gallery: Gallery,
    real_features: np.ndarray,
    targets: np.ndarray,
) -> Row:
    """The row of one system, with what needs all pairs at once: retrieval, likeness and the Fréchet distances."""
    place = {photograph: i for i, photograph in enumerate(gallery.photographs)}
    sources = gallery.embeddings[[place[pair.source] for pair in used.pairs]]
    identity, identity_after_jpeg = (
        identity_values(judge, used.pairs, gallery, sources, targets, swapped)
        for swapped in (measurements.embeddings, measurements.embeddings_jpeg)
    )
    values = {**measurements.values, **identity, "retrieval_top1_jpeg": identity_after_jpeg["retrieval_top1"]}
    face_embeddings = measurements.embeddings[~np.isnan(measurements.embeddings).any(axis=1)]
    frechet = {
        f"Fréchet distance of {judge.short} embeddings (not FID)": compare_clouds(
            face_embeddings, gallery.embeddings, "swapped faces against the gallery's, lost ones left out"
        )
    }
    if real_features.shape[1]:
        frechet["FID"] = compare_clouds(
            measurements.features, real_features, "crops at the target's landmarks, lost faces included"
        )
    groups = [pair.people for pair in used.pairs]
    means = {key: mean_with_interval(numbers, groups) for key, numbers in values.items()}
    of_slices = [slice_means(one, values, used.pairs) for one in slices]
    return Row(name, values, means, of_slices, worst_slice(slices, values), frechet)
