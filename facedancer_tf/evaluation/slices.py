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
    def can_be_worst(self) -> bool:
        """Whether it is a slice of sources by who they are, large enough. Grey pictures are no kind of people."""
        is_kind = self.by == GROUP or self.name != GREY
        return self.side == "source" and is_kind and len(self.indices) >= WORST_PAIRS_MIN


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
    """The slice of sources that are found least often; None where no slice has enough pairs."""
    found = {i: values[WORST_BY][list(s.indices)].mean() for i, s in enumerate(slices) if s.can_be_worst}
    return slices[min(found, key=lambda i: found[i])] if found else None
