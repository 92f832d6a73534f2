"""Tests who is names out: whole people where there are enough, and never much more than the goal."""

from collections import Counter

import pytest

from data.folders import Item
from data.preparing.shard_plan import ShardPlan, hold_out, plan_shards


def people(*counts: int) -> list[Item]:
    """Item k of person p, whose number of pictures is given."""
    return [Item(f"{p}/{k}.jpg", str(p), "") for p, count in enumerate(counts) for k in range(count)]


def labels(plans: list[ShardPlan], split: str) -> set[str]:
    return {item.label for plan in plans if plan.split == split for item in plan.items}


def test_plan_follows_from_names_and_seed_alone() -> None:
    items = people(*[4] * 50)
    plans = plan_shards(items, seed=1, validation=0.2)
    assert plans == plan_shards(items[::-1], seed=1, validation=0.2)
    assert plans != plan_shards(items, seed=2, validation=0.2)
    assert sorted(i.name for p in plans for i in p.items) == sorted(i.name for i in items)
    assert len(labels(plans, "validation")) == 10
    assert labels(plans, "validation").isdisjoint(labels(plans, "train"))


@pytest.mark.parametrize("seed", range(20))
def test_the_fraction_is_one_of_pictures_and_never_doubled(seed: int) -> None:
    items = people(*[1 + (7 * p) % 40 for p in range(60)])
    for validation in (0.02, 0.1, 0.5):
        names = hold_out(items, seed, validation)
        assert 0.5 * validation * len(items) <= len(names) <= 2 * validation * len(items)
        counts = Counter(item.label for item in items if item.name in names)
        assert counts == {label: sum(item.label == label for item in items) for label in counts}  # whole
        assert len(counts) > 1


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("counts", "validation", "expected"),
    [
        ((1000, 1), 0.02, 20),  # one person has nearly everything
        ((1000, 1, 1, 1), 0.02, 20),  # those beside are far too few
        ((10,) * 5, 0.02, 1),  # a person is too much
        ((10,) * 5, 0.2, 10),  # a single person says little
        ((100,), 0.1, 10),
        ((1,) * 9, 0.01, 1),  # at least one
        ((1, 1), 0.99, 1),  # never all
        ((5, 5), 0.0, 0),
        ((1,), 0.5, 0),
        ((), 0.5, 0),
    ],
)
def test_with_too_few_people_single_pictures_are_held_out(
    counts: tuple[int, ...], validation: float, expected: int, seed: int
) -> None:
    items = people(*counts)
    names = hold_out(items, seed, validation)
    assert len(names) == expected
    assert names == hold_out(items[::-1], seed, validation)


def test_a_round_that_is_added_keeps_everybody_in_their_split() -> None:
    items = people(*[4] * 50)
    first = plan_shards(items, seed=1, validation=0.2)
    more = [Item(f"{p}/new.jpg", str(p), "") for p in range(60)]
    added = plan_shards(more, 1, 0.2, first, number=1)
    assert {plan.name for plan in first}.isdisjoint(plan.name for plan in added)
    both = [*first, *added]
    assert labels(both, "validation").isdisjoint(labels(both, "train"))
    assert labels(first, "validation") < labels(added, "validation")  # of the ten strangers, two are held out
    one = plan_shards([Item("a/0.jpg", "a", "")], 1, 0.2, first, number=1)
    assert labels(one, "train") == {"a"}
