"""Plans which shard each picture belongs to and which pictures are held out, before any picture is read.

The plan follows from the names and the seed by hashing, never from the order of a directory or the number of workers;
so any machine that sees the same folders makes the same plan.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from data.folders import Item

SHARD_PICTURES_MAX = 1024
SHARD_PICTURES_MIN = 8
PERSON_SHARE_MAX = 2 / 3  # of the held-out items: one person's alone would say little about others
SMALL_SET_SHARDS = 16  # a small set is cut into so many shards, so that several workers have something to do


@dataclass(frozen=True)
class ShardPlan:
    """The plan of one shard: its file name, its split, and its items in order."""

    name: str
    split: str
    items: tuple[Item, ...]


def plan_shards(
    items: list[Item], seed: int, validation: float, before: Sequence[ShardPlan] = (), number: int = 0
) -> list[ShardPlan]:
    """Deals the shuffled items into shards; a fraction `validation` of them goes to that split (see `hold_out`).

    `before` are the shards of earlier rounds, to which these items are added as round `number`. A person who is in them
    stays in the same split (in train, if in both), and of strangers somebody is held out only where the fraction asks
    for a whole item.
    """
    ordered = sorted(before, key=lambda plan: plan.split == "train")  # the last one counts
    known = {item.label: plan.split for plan in ordered for item in plan.items}
    strangers = [item for item in items if item.label not in known]
    enough = not before or validation * len(strangers) >= 1
    held_out_names = hold_out(strangers, seed, validation) if enough else set()
    held_out_names |= {item.name for item in items if known.get(item.label) == "validation"}
    added = f"-added-{number}" if number else ""
    plans = []
    for split in ("train", "validation"):
        members = [item for item in items if (item.name in held_out_names) == (split == "validation")]
        members.sort(key=lambda item: (_fraction(f"{seed}:item:{item.name}"), item.name))
        size = min(SHARD_PICTURES_MAX, max(SHARD_PICTURES_MIN, -(-len(members) // SMALL_SET_SHARDS)))
        parts = [tuple(members[start : start + size]) for start in range(0, len(members), size)]
        for shard, part in enumerate(parts):
            name = f"{split}-{shard:05d}-of-{len(parts):05d}{added}.tfrecord"
            plans.append(ShardPlan(name, split, part))
    return plans


def hold_out(items: list[Item], seed: int, validation: float) -> set[str]:
    """Chooses the items held out for validation: a fraction `validation` of all, as whole identities if possible.

    Returns their names. The goal is that fraction of all items. Identities are taken in random order, each only if it
    brings the number of held-out items nearer to the goal, which is therefore never doubled, and if it has no more than
    two thirds of the goal. Where that gives a single identity, or less than half of the goal (few people, or one person
    with most of the pictures), single items are held out instead: at least one, never all.

    Raises ValueError for a fraction outside [0, 1).
    """
    if not 0.0 <= validation < 1.0:
        raise ValueError(f"`validation` must be in [0, 1). Received: validation={validation}")
    if validation == 0.0 or len(items) < 2:
        return set()
    goal = validation * len(items)
    counts = Counter(item.label for item in items)
    labels: set[str] = set()
    total = 0
    for label in sorted(counts, key=lambda label: (_fraction(f"{seed}:label:{label}"), label)):
        nearer = total + counts[label] - goal <= goal - total
        if nearer and counts[label] <= PERSON_SHARE_MAX * goal and total + counts[label] < len(items):
            labels.add(label)
            total += counts[label]
    if len(labels) > 1 and total >= goal / 2:
        return {item.name for item in items if item.label in labels}
    names = sorted(
        (item.name for item in items), key=lambda name: (_fraction(f"{seed}:held out:{name}"), name)
    )
    return set(names[: min(max(1, round(goal)), len(names) - 1)])


def _fraction(text: str) -> float:
    """Makes a number in [0, 1) from a text, the same on every machine and in every version."""
    digest = hashlib.sha256(text.encode(errors="surrogateescape")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
