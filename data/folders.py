"""Which pictures there are, whose they are, and which shard each belongs to: fixed before any picture is read.

Everything follows from the names and the seed by hashing, never from the order of a directory or the number of
workers; so any machine that sees the same folders makes the same plan.
"""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from data.pictures import SUFFIXES

SHARD_PICTURES_MAX = 1024
SHARD_PICTURES_MIN = 8
SHARDS_WANTED = 16  # of a small set, so that several workers have something to do


@dataclass(frozen=True)
class Item:
    """One unit of work: its unique `name`, the identity's `label`, and `where` it is (a path, or a number)."""

    name: str
    label: str
    where: str


@dataclass(frozen=True)
class ShardPlan:
    """One shard to be made: file name, split, and its items in order."""

    name: str
    split: str
    items: tuple[Item, ...]


def list_pictures(roots: list[Path]) -> list[Item]:
    """All pictures (by suffix) under the folders, sorted by name; the label is the first folder under its root.

    A picture right in a root is labelled with its file's name. Of several roots, names begin with the root's number.
    Raises ValueError where a root is no folder.
    """
    items = []
    for number, root in enumerate(roots):
        if not Path(root).is_dir():
            raise ValueError(f"`roots` must be folders of pictures. Received: {root}")
        for folder, _, files in os.walk(root):
            for file in files:
                if file.lower().endswith(SUFFIXES):
                    path = Path(folder) / file
                    inside = path.relative_to(root)
                    name = inside.as_posix() if len(roots) == 1 else f"{number}/{inside.as_posix()}"
                    items.append(Item(name, inside.parts[0] if len(inside.parts) > 1 else file, str(path)))
    return sorted(items, key=lambda item: item.name)


def digest_listing(items: Iterable[Item]) -> str:
    """SHA-256 over names and file sizes: tells whether the input is still the one that was begun with."""
    digest = hashlib.sha256()
    for item in items:
        size = os.stat(item.where).st_size if os.path.exists(item.where) else -1
        digest.update(f"{item.name}\0{size}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def plan_shards(items: list[Item], seed: int, validation: float) -> list[ShardPlan]:
    """Deals the items into shards, shuffled; a fraction `validation` of the identities goes to that split whole.

    Where chance would leave the validation split empty, the identity of the lowest hash goes there, if there are two.
    """
    if not 0.0 <= validation < 1.0:
        raise ValueError(f"`validation` must be in [0, 1). Received: validation={validation}")
    share = {label: _fraction(f"{seed}:label:{label}") for label in {item.label for item in items}}
    held_out = {label for label, value in share.items() if value < validation}
    if validation > 0.0 and not held_out and len(share) > 1:
        held_out = {min(share, key=lambda label: (share[label], label))}
    plans = []
    for split in ("train", "validation"):
        chosen = [item for item in items if (item.label in held_out) == (split == "validation")]
        chosen.sort(key=lambda item: (_fraction(f"{seed}:item:{item.name}"), item.name))
        size = min(SHARD_PICTURES_MAX, max(SHARD_PICTURES_MIN, -(-len(chosen) // SHARDS_WANTED)))
        parts = [tuple(chosen[start : start + size]) for start in range(0, len(chosen), size)]
        for number, part in enumerate(parts):
            plans.append(ShardPlan(f"{split}-{number:05d}-of-{len(parts):05d}.tfrecord", split, part))
    return plans


def _fraction(text: str) -> float:
    """A number in [0, 1) from a text, the same on every machine and in every version."""
    digest = hashlib.sha256(text.encode(errors="surrogateescape")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
