"""Which shard each picture belongs to, and which are held out: fixed before any picture is read.

Everything follows from the names and the seed by hashing, never from the order of a directory or the number of
workers; so any machine that sees the same folders makes the same plan.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass

from data.folders import Item

SHARD_PICTURES_MAX = 1024
SHARD_PICTURES_MIN = 8
PERSON_MAX = 2 / 3  # of the items held out: one person's alone would say little about others
SHARDS_WANTED = 16  # of a small set, so that several workers have something to do


@dataclass(frozen=True)
class ShardPlan:
    """One shard to be made: file name, split, and its items in order."""

    name: str
    split: str
    items: tuple[Item, ...]


def plan_shards(items: list[Item], seed: int, validation: float) -> list[ShardPlan]:
    """Deals the items into shards, shuffled; a fraction `validation` of the items goes to that split (`hold_out`)."""
    held_out = hold_out(items, seed, validation)
    plans = []
    for split in ("train", "validation"):
        chosen = [item for item in items if (item.name in held_out) == (split == "validation")]
        chosen.sort(key=lambda item: (_fraction(f"{seed}:item:{item.name}"), item.name))
        size = min(SHARD_PICTURES_MAX, max(SHARD_PICTURES_MIN, -(-len(chosen) // SHARDS_WANTED)))
        parts = [tuple(chosen[start : start + size]) for start in range(0, len(chosen), size)]
        for number, part in enumerate(parts):
            plans.append(ShardPlan(f"{split}-{number:05d}-of-{len(parts):05d}.tfrecord", split, part))
    return plans


def hold_out(items: list[Item], seed: int, validation: float) -> set[str]:
    """Names of the items held out for validation: a fraction `validation` of them, as whole identities if possible.

    Identities are taken in an order of chance, each only if it brings the number of items nearer to the one wanted,
    which therefore is never doubled, and if it is no more than two thirds of it. Where that gives a single identity,
    or less than half of what is wanted (few people, or one with most of the pictures), single items are held out
    instead: at least one, never all.
    Raises ValueError for a fraction outside [0, 1).
    """
    if not 0.0 <= validation < 1.0:
        raise ValueError(f"`validation` must be in [0, 1). Received: validation={validation}")
    if validation == 0.0 or len(items) < 2:
        return set()
    wanted = validation * len(items)
    counts = Counter(item.label for item in items)
    labels: set[str] = set()
    held = 0
    for label in sorted(counts, key=lambda label: (_fraction(f"{seed}:label:{label}"), label)):
        nearer = held + counts[label] - wanted <= wanted - held
        if nearer and counts[label] <= PERSON_MAX * wanted and held + counts[label] < len(items):
            labels.add(label)
            held += counts[label]
    if len(labels) > 1 and held >= wanted / 2:
        return {item.name for item in items if item.label in labels}
    names = sorted(
        (item.name for item in items), key=lambda name: (_fraction(f"{seed}:held out:{name}"), name)
    )
    return set(names[: min(max(1, round(wanted)), len(names) - 1)])


def _fraction(text: str) -> float:
    """A number in [0, 1) from a text, the same on every machine and in every version."""
    digest = hashlib.sha256(text.encode(errors="surrogateescape")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
