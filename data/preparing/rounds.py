"""Lets a set of shards grow: pictures that came since become shards of their own, and those made before stay.

Each round of work keeps a list of its items, `.progress/round-<number>.json`: names, and sizes in bytes (-1 for what is
no file).
"""

import json
from collections.abc import Sequence
from pathlib import Path

from data.folders import Item, size_of
from data.manifest import write_json
from data.preparing.pieces import PROGRESS
from data.preparing.shard_plan import ShardPlan, plan_shards


class ShardsRefused(ValueError):
    """The output folder cannot be used, or the work could not be finished; the message says what to do."""


def read_rounds(folder: Path, items: Sequence[Item]) -> list[list[Item]]:
    """Sorts `items` by the rounds in which `folder` has got them; those that it does not have are the last round.

    Raises ShardsRefused where an item that it has is gone or has another size.
    """
    by_name = {item.name: item for item in items}
    rounds = []
    for path in _lists(folder):
        listed = _read(path)
        changed = [name for name, size in listed if name not in by_name or size_of(by_name[name]) != size]
        if changed:
            raise ShardsRefused(
                f"of the pictures that {folder} was made of, {len(changed)} are gone or changed, the first is "
                f"{changed[0]}: put them back, or choose another output folder"
            )
        rounds.append([by_name.pop(name) for name, _ in listed])
    return [*rounds, list(by_name.values())] if by_name else rounds


def write_rounds(folder: Path, rounds: Sequence[Sequence[Item]]) -> None:
    """Writes the lists that `folder` lacks."""
    for number in range(len(_lists(folder)), len(rounds)):
        content = [[item.name, size_of(item)] for item in rounds[number]]
        write_json(folder / PROGRESS / f"round-{number:05d}.json", content)


def keeps_lists(folder: Path) -> bool:
    """Whether `folder` has lists; folders that earlier versions made have none."""
    return bool(_lists(folder))


def plan_rounds(rounds: Sequence[Sequence[Item]], seed: int, validation: float) -> list[ShardPlan]:
    """Plans the shards of all rounds; each round follows from those before it, never from those after it."""
    plans: list[ShardPlan] = []
    for number, items in enumerate(rounds):
        plans += plan_shards(list(items), seed, validation, plans, number)
    return plans


def _read(path: Path) -> list[tuple[str, int]]:
    try:
        content = json.loads(path.read_text(encoding="ascii"))
        return [(str(name), int(size)) for name, size in content]
    except (ValueError, TypeError, RecursionError) as error:
        raise ShardsRefused(
            f"{path} must be as it was written, and it is damaged: choose another output folder"
        ) from error


def _lists(folder: Path) -> list[Path]:
    return sorted((folder / PROGRESS).glob("round-*.json"))
