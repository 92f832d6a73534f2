"""Pairs of source and target, and the gallery in which the source must be found again.

A photograph's identity is a word: two photographs with the same word show one person.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from data.folders import LeftOut
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.errors import UserError


@dataclass(frozen=True)
class Photograph:
    """A picture's file and the person that it shows; and a group of people, in the user's own words, "" without one."""

    path: Path
    identity: str
    group: str = ""


@dataclass(frozen=True)
class Pair:
    """A source, which gives the identity, and a target, which gives everything else."""

    source: Photograph
    target: Photograph

    @property
    def people(self) -> str:
        """One word for all pairs of these two people in this order: who goes into whom."""
        return f"{self.source.identity}\0{self.target.identity}"


@dataclass(frozen=True)
class PairSet:
    """Pairs with their gallery.

    name: where they come from, in words. sampling: how they were drawn, in words. not_listed: names of the folder's
    files that are no usable pictures, by reason (see `data.folders.Listing`).
    """

    pairs: tuple[Pair, ...]
    gallery: tuple[Photograph, ...]
    name: str
    sampling: str
    not_listed: LeftOut = field(default_factory=dict)


def bundled_photographs() -> list[Photograph]:
    """The photographs that come with the project, one of each person."""
    return [Photograph(path, path.stem) for path in bundled_pictures()]


def draw_pairs(photographs: Sequence[Photograph], count: int, seed: int, place: Path) -> list[Pair]:
    """Draws `count` different ordered pairs of two people, uniformly at random.

    Raises UserError where there are fewer such pairs; the message names `place`.
    """
    sizes = Counter(photograph.identity for photograph in photographs).values()
    possible = len(photographs) ** 2 - sum(size**2 for size in sizes)
    if count < 1 or count > possible:
        raise UserError(
            f"{count} pairs cannot be drawn from {place}: its {len(photographs)} pictures of {len(sizes)} people make "
            f"{possible} pairs of two people"
        )
    random = np.random.default_rng(seed)
    pairs: dict[tuple[int, int], None] = {}  # a dict keeps the order
    while len(pairs) < count:
        source, target = (int(index) for index in random.integers(len(photographs), size=2))
        if photographs[source].identity != photographs[target].identity:
            pairs[source, target] = None
    return [Pair(photographs[source], photographs[target]) for source, target in pairs]


def choose_gallery(
    pairs: Sequence[Pair], others: Sequence[Photograph], size: int, seed: int
) -> list[Photograph]:
    """Chooses a gallery of `size`: every source, every target, then `others` at random; larger if the pairs need more.

    Because all targets are in it, a swapped face that stays nearest to its target is a miss, whatever the size.
    """
    of_pairs = list(dict.fromkeys([*(pair.source for pair in pairs), *(pair.target for pair in pairs)]))
    beside = sorted(set(others) - set(of_pairs), key=lambda photograph: photograph.path)
    order = np.random.default_rng(seed).permutation(len(beside))
    return [*of_pairs, *(beside[index] for index in order[: max(0, size - len(of_pairs))])]
