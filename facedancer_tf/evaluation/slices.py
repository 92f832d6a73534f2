"""Sorts pairs by the people in them, so that a mean over all cannot hide for whom a swapper fails.

A slice is all pairs whose source, or whose target, has one class of skin tone (ITA, data.faces.skin_tone) or one group
of the user's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.faces.skin_tone import GREY, TONES, tone_class
from facedancer_tf.evaluation.means import Mean, mean_with_interval
from facedancer_tf.evaluation.pairs import Pair

SLICED = (
    "retrieval_top1", "retrieval_top5", "nearer_to_source", "pose", "expression", "self_psnr_db", "sharpness", "seam"
)  # fmt: skip
WORST_BY = "retrieval_top1"
WORST_PAIRS_MIN = 30  # a mean over fewer pairs says little
HINT_PAIRS_MIN = (
    10  # a lower mean over fewer than 30 pairs, but as many as these, is a reason to measure more
)
SKIN_TONE, GROUP = "skin tone", "group"


@dataclass(frozen=True)
class Slice:
    """Some of the pairs. side: "source" or "target". by: "skin tone" or "group". indices: of the pairs."""

    side: str
    by: str
    name: str
    indices: tuple[int, ...]

    @property
    def title(self) -> str:
        """The slice in words."""
        return f"{self.side}s' {self.by} {self.name}"

    @property
    def of_sources(self) -> bool:
        """Whether it is a slice of sources by who they are. Grey pictures are no kind of people."""
        return self.side == "source" and (self.by == GROUP or self.name != GREY)

    @property
    def can_be_worst(self) -> bool:
        """Whether it is a slice of sources that is large enough to be called the worst."""
        return self.of_sources and len(self.indices) >= WORST_PAIRS_MIN


def slice_pairs(pairs: Sequence[Pair], tones: Mapping[Path, float]) -> list[Slice]:
    """All slices that have a pair: by skin tone from light to dark, then by group in alphabetical order.

    tones: the ITA in degrees of every picture. Pairs without a group are in no slice of groups.
    """
    slices = []
    for side in ("source", "target"):
        photographs = [pair.source if side == "source" else pair.target for pair in pairs]
        classes = [tone_class(tones[photograph.path]) for photograph in photographs]
        groups = [photograph.group for photograph in photographs]
        kinds = {
            SKIN_TONE: (classes, [*(name for name, _ in TONES), GREY]),
            GROUP: (groups, sorted(set(groups) - {""})),
        }
        for by, (words, names) in kinds.items():
            for name in names:
                indices = tuple(i for i, word in enumerate(words) if word == name)
                if indices:
                    slices.append(Slice(side, by, name, indices))
    return slices


def slice_means(of_slice: Slice, values: Mapping[str, np.ndarray], pairs: Sequence[Pair]) -> dict[str, Mean]:
    """The means of the slice, by metric, with their intervals. values: one number per pair [n], by metric."""
    indices = list(of_slice.indices)
    people = [pairs[i].people for i in indices]
    return {key: mean_with_interval(values[key][indices], people) for key in SLICED}


def worst_slice(slices: Sequence[Slice], values: Mapping[str, np.ndarray]) -> Slice | None:
    """The slice of sources that is found least often.

    None where no slice has enough pairs, or where all that have are found equally often.
    """
    found = {i: _found(one, values) for i, one in enumerate(slices) if one.can_be_worst}
    if not found or (len(found) > 1 and len(set(found.values())) == 1):
        return None
    return slices[min(found, key=lambda i: found[i])]


def lower_small_slices(
    slices: Sequence[Slice], values: Mapping[str, np.ndarray], worst: Slice | None
) -> list[tuple[Slice, float]]:
    """Slices of sources that are found less often than the worst, but have too few pairs to be it; and how often.

    Where there is no worst slice they are compared with all pairs.
    """
    bound = float(values[WORST_BY].mean()) if worst is None else _found(worst, values)
    small = [one for one in slices if one.of_sources and HINT_PAIRS_MIN <= len(one.indices) < WORST_PAIRS_MIN]
    return [(one, _found(one, values)) for one in small if _found(one, values) < bound]


def _found(one: Slice, values: Mapping[str, np.ndarray]) -> float:
    return float(values[WORST_BY][list(one.indices)].mean())
