"""Suggests margins from distances: which blocks IFSR should compare, and how far the swapped face may move in each.

A margin is the mean distance that a good swap needs: target to swapped, as the authors took it; without a swapper, the
mean between views of one person takes its place. Two kinds of block are left out:
- blocks that tell people apart nearly without error, close to the embedding. They hold the identity, and a margin there
  would keep the target's identity. The sign is the equal-error rate between pictures that share the identity (views of
  one person, or swapped and source) and pictures of different people.
- blocks where the swapped face is no nearer to its target than to its source: nothing of the target is left to keep.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from facedancer_tf.judging.bootstrap import bootstrap_interval
from facedancer_tf.margins.samples import (
    DIFFERENT,
    EMBEDDING,
    SAME,
    SWAPPED_SOURCE,
    TARGET_SWAPPED,
    Distances,
)

# This rate divides SFace's blocks: the last two and the embedding are at .05 to .08, all others at .14 to .19, even the
# first, which sees colours and edges (views of synthetic people share skin, hair and background; configs/margins/).
IDENTITY_ERROR_RATE = 0.1
NEAR_TO_FAR = (TARGET_SWAPPED, SWAPPED_SOURCE, SAME, DIFFERENT)


@dataclass(frozen=True)
class BlockFigures:
    """The figures of one block.

    means: mean distances by kind. interval: holds 95 % of the bootstrapped means of the kind that gives the margin.
    error_rates: equal-error rates by two kinds (near, far). margin: the suggested one, None where the block is left
    out. why: the reason why it is left out, else "".
    """

    block: str
    means: dict[str, float]
    interval: tuple[float, float]
    error_rates: dict[tuple[str, str], float]
    margin: float | None
    why: str


def equal_error_rate(near: np.ndarray, far: np.ndarray) -> float:
    """The error of the threshold that takes as large a share of `near` [n] for far as of `far` [m] for near, in [0, 1].

    At 0 every near distance lies below every far one; at 0.5 they cannot be told apart; above 0.5 `near` is in fact the
    farther. Where no threshold gives equal rates (few or tied distances), the two closest ones are interpolated, so
    that equal samples give exactly 0.5. Raises ValueError where one of the arrays is empty.
    """
    near, far = np.sort(np.ravel(near)), np.sort(np.ravel(far))
    if not len(near) or not len(far):
        raise ValueError(f"`near` and `far` must hold distances. Received: {len(near)} and {len(far)}")
    thresholds = np.unique(np.concatenate([near, far]))
    missed = np.concatenate([[1.0], 1.0 - np.searchsorted(near, thresholds, "right") / len(near)])
    let_in = np.concatenate([[0.0], np.searchsorted(far, thresholds, "right") / len(far)])
    difference = missed - let_in  # falls from 1 to -1
    after = int(np.argmax(difference <= 0))
    before = after - 1
    fraction = difference[before] / (difference[before] - difference[after])
    return float(let_in[before] + fraction * (let_in[after] - let_in[before]))


def margin_kind(kinds: Container[str]) -> str:
    """The kind whose mean is the margin."""
    return TARGET_SWAPPED if TARGET_SWAPPED in kinds else SAME


def suggest_margins(
    distances: Distances,
    groups: Sequence[str],
    seed: int,
    allowed: Container[str],
    identity_error_rate: float = IDENTITY_ERROR_RATE,
) -> list[BlockFigures]:
    """The figures and the margin of each block, in the order of `distances`; the embedding never gets a margin.

    groups: [N], see `bootstrap_interval`. allowed: the blocks that a recipe may name. identity_error_rate: a block with
    a lower rate is left out.
    """
    figures = []
    for block, by_kind in distances.items():
        kinds = [kind for kind in NEAR_TO_FAR if kind in by_kind]
        rates = {pair: equal_error_rate(*(by_kind[kind] for kind in pair)) for pair in combinations(kinds, 2)}
        margin_distances = by_kind[margin_kind(by_kind)]
        why = _why_not(block, rates, allowed, identity_error_rate)
        figures.append(
            BlockFigures(
                block=block,
                means={kind: float(by_kind[kind].mean()) for kind in kinds},
                interval=bootstrap_interval(margin_distances, groups, seed),
                error_rates=rates,
                margin=None if why else round(float(margin_distances.mean()), 4),
                why=why,
            )
        )
    return figures


def _why_not(
    block: str, rates: dict[tuple[str, str], float], allowed: Container[str], identity_error_rate: float
) -> str:
    """The reason why `block` gets no margin; "" where it gets one."""
    if block == EMBEDDING:
        return "the identity itself"
    if block not in allowed:
        return "not among the blocks that recipes may name"
    for kind in (SAME, SWAPPED_SOURCE):
        if rates.get((kind, DIFFERENT), 1.0) < identity_error_rate:
            return "tells people apart"
    if rates.get((TARGET_SWAPPED, SWAPPED_SOURCE), 0.0) >= 0.5:
        return "no nearer to the target than to the source"
    return ""


def is_half_swapped(figures: Sequence[BlockFigures]) -> bool:
    """Whether the swapped faces' embeddings are still nearer to their targets than to their sources.

    Margins measured on such swaps would keep the next model where this one stands.
    """
    means = next(block.means for block in figures if block.block == EMBEDDING)
    return SWAPPED_SOURCE in means and means[TARGET_SWAPPED] < means[SWAPPED_SOURCE]
