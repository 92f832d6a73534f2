"""Samples on which distances are measured: sets of pictures that belong together, in batches."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from data.folders import LeftOut

Distances = dict[str, dict[str, np.ndarray]]  # block → kind → [N]
EMBEDDING = "embedding"  # its name among the blocks
BATCH = 8  # samples at once, up to three pictures each: all their blocks are in memory, some 0.3 GB for SFace
TARGET_SWAPPED, SWAPPED_SOURCE, SAME, DIFFERENT = "target-swapped", "swapped-source", "same", "different"


class Batches(Protocol):
    """Yields the pictures of b samples by role, float32 [b, S, S, 3] RGB in [-1, 1]; the same at every call."""

    def __call__(self) -> Iterator[dict[str, np.ndarray]]: ...


@dataclass(frozen=True)
class Samples:
    """Samples to measure on.

    batches: yields their pictures. kinds: for each kind of distance (the words above), the two roles that are compared.
    groups: [N], a word per sample; samples with one word depend on each other. shrink: with which the pictures were
    aligned. origin: says what was measured, and material: says on which pictures, both for the head of the margins
    file. left_out: the files that were not used, by reason. beware: says what these samples cannot tell, or "".
    """

    batches: Batches
    kinds: Mapping[str, tuple[str, str]]
    groups: Sequence[str]
    shrink: float
    origin: str
    material: str
    left_out: LeftOut
    beware: str = ""


def count_left_out(left_out: LeftOut) -> str:
    """How many files were not used, by reason, in words."""
    return ", ".join(f"{reason}: {len(left_out[reason])}" for reason in sorted(left_out)) or "none"


def stack_crops(crops: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Stacks crops uint8 [S, S, 3] into one batch of pictures, float32 [b, S, S, 3] in [-1, 1]."""
    return np.stack(list(crops)).astype(np.float32) / 127.5 - 1.0
