"""What the distances are measured on: sets of pictures that belong together, in batches."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

Distances = dict[str, dict[str, np.ndarray]]  # block → kind → [N]
EMBEDDING = "embedding"  # stands among the blocks
BATCH = 8  # samples at once, up to three pictures each: every block of them is held, some 0.3 GB for SFace
TARGET_SWAPPED, SWAPPED_SOURCE, SAME, DIFFERENT = "target-swapped", "swapped-source", "same", "different"


class Batches(Protocol):
    """Pictures by role, float32 [b, S, S, 3] RGB in [-1, 1], of b samples at a time, the same at every call."""

    def __call__(self) -> Iterator[dict[str, np.ndarray]]: ...


@dataclass(frozen=True)
class Samples:
    """Samples to measure on.

    batches: gives them. kinds: by kind of distance (the words above), the two roles that are compared. groups: [N],
    which samples depend on each other. shrink: that the pictures were aligned with. origin: what was measured, and
    material: which pictures, in words for the head of the margins file. left_out: how many pictures were not used, by
    reason. beware: what these samples cannot tell, empty if nothing.
    """

    batches: Batches
    kinds: Mapping[str, tuple[str, str]]
    groups: Sequence[str]
    shrink: float
    origin: str
    material: str
    left_out: Mapping[str, int]
    beware: str = ""


def stack_crops(crops: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Crops uint8 [S, S, 3] as one batch, float32 [b, S, S, 3] in [-1, 1]."""
    return np.stack(list(crops)).astype(np.float32) / 127.5 - 1.0
