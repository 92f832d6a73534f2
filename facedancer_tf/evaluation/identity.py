"""Measures whose face a swapped face is: retrieval in a gallery of real people, likeness to source, target and others.

The paper's number (docs/method.md, section 8) is the share of hits: a hit is a swapped face whose nearest neighbour in
the gallery has the source's identity. A row of `swapped` is NaN where no face was found any more: it is a miss in
retrieval and is left out of the likenesses.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from facedancer_tf.evaluation.judges import Judge, cosines
from facedancer_tf.evaluation.pairs import Pair, Photograph

TOP, BLOCK = 5, 256
Compare = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Gallery:
    """The photographs among which the source must be found, and their embeddings [m, W]."""

    photographs: Sequence[Photograph]
    embeddings: np.ndarray


def identity_values(
    judge: Judge,
    pairs: Sequence[Pair],
    gallery: Gallery,
    source: np.ndarray,
    target: np.ndarray,
    swapped: np.ndarray,
) -> dict[str, np.ndarray]:
    """The values of each pair [n] by name, from the embeddings [n, W] of source, target and swapped face.

    retrieval_top1, retrieval_top5: 100 for a hit, else 0; retrieval_top5 is NaN in a gallery of five. nearer_to_source:
    100 where the swapped face is more like its source's picture than like its target's, else 0. to_source, to_target:
    the judge's own measure. cosine_to_source, cosine_to_target: cosines. cosine_to_others: the mean cosine to the
    gallery's people who are neither source nor target.
    """
    has_face = ~np.isnan(swapped).any(axis=1)
    filled = np.where(has_face[:, None], swapped, 0.0)
    to_source, to_target = (row_by_row(judge.compare, filled, other) for other in (source, target))
    numbers = {
        "to_source": to_source,
        "to_target": to_target,
        "cosine_to_source": row_by_row(cosines, filled, source),
        "cosine_to_target": row_by_row(cosines, filled, target),
        "cosine_to_others": _to_others(pairs, gallery, filled),
    }
    hits = retrieval_hits(judge, pairs, gallery, filled) & has_face[:, None]
    nearer = (judge.nearer * (to_source - to_target) > 0) & has_face
    return {
        "retrieval_top1": 100.0 * hits[:, 0],
        "retrieval_top5": 100.0 * hits.any(axis=1)
        if len(gallery.photographs) > TOP
        else np.full(len(pairs), np.nan),
        "nearer_to_source": 100.0 * nearer,
        **{name: np.where(has_face, values, np.nan) for name, values in numbers.items()},
    }


def retrieval_hits(judge: Judge, pairs: Sequence[Pair], gallery: Gallery, swapped: np.ndarray) -> np.ndarray:
    """Whether the 1st, 2nd … nearest of the gallery has the source's identity, bool [n, at most 5]."""
    people = np.array([photograph.identity for photograph in gallery.photographs])
    nearest = [
        np.argsort(-judge.nearer * judge.compare(rows, gallery.embeddings), axis=1, kind="stable")[:, :TOP]
        for rows in _blocks(swapped)
    ]
    return people[np.concatenate(nearest)] == np.array([pair.source.identity for pair in pairs])[:, None]


def row_by_row(compare: Compare, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Compares each row of `one` [n, W] with the same row of `other`, float64 [n]."""
    return np.array([compare(one[i : i + 1], other[i : i + 1])[0, 0] for i in range(len(one))])


def _to_others(pairs: Sequence[Pair], gallery: Gallery, swapped: np.ndarray) -> np.ndarray:
    """Mean cosine [n] to the people of the gallery who have no part in the pair; NaN where there are none."""
    people = np.array([photograph.identity for photograph in gallery.photographs])
    cosine = (row for rows in _blocks(swapped) for row in cosines(rows, gallery.embeddings))
    means = []
    for pair, row in zip(pairs, cosine, strict=True):
        apart = (people != pair.source.identity) & (people != pair.target.identity)
        means.append(row[apart].mean() if apart.any() else np.nan)
    return np.array(means)


def _blocks(rows: np.ndarray) -> Iterator[np.ndarray]:
    """Yields `rows` [n, W] a few at a time: n rows times a gallery of thousands would not fit into memory."""
    return (rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK))
