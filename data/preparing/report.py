"""Adds up what became of the pictures, and how the people in them look, for the report of `prepare_data.py`."""

from collections import Counter
from typing import Any

from data.folders import LeftOut, words
from data.manifest import Manifest
from data.preparing.finished_shards import ShardReport


def summarise(reports: list[ShardReport], manifest: Manifest, not_listed: LeftOut) -> dict[str, Any]:
    """Adds up the reports of all shards and `not_listed` into one report.

    It counts pictures and records, counts and names what was left out by reason, and counts the values of every trait.
    """
    names_by_reason = {reason: list(names) for reason, names in not_listed.items()}
    traits: dict[str, Counter[str]] = {}
    for report in reports:
        for reason, names in report.reasons.items():
            names_by_reason.setdefault(reason, []).extend(names)
        for trait, counts in report.traits.items():
            traits.setdefault(trait, Counter()).update(counts)
    return {
        "pictures": sum(report.items for report in reports),
        "train": manifest.count("train"),
        "validation": manifest.count("validation"),
        "left_out": {reason: len(names) for reason, names in sorted(names_by_reason.items())},
        "left_out_files": {reason: sorted(names) for reason, names in sorted(names_by_reason.items())},
        "traits": {trait: dict(sorted(traits[trait].items(), key=_place)) for trait in sorted(traits)},
    }


def report_table(report: dict[str, Any]) -> list[str]:
    """The lines of a table with the counts of a report."""
    rows = [(label, report[label]) for label in ("pictures", "train", "validation")]
    rows += [(f"left out: {words(reason)}", count) for reason, count in report["left_out"].items()]
    rows += [
        (f"{words(trait)}: {words(value)}", count)
        for trait, counts in report["traits"].items()
        for value, count in counts.items()
    ]
    width = max(len(label) for label, _ in rows)
    return [f"{label:<{width}}  {count:>8,}" for label, count in rows]


def _place(value_and_count: tuple[str, int]) -> tuple[float, str]:
    """Sorts ranges like "-2 to 0" by their numbers, and other values by their words."""
    low, to, _ = value_and_count[0].partition(" to ")
    return (float(low) if to else 0.0, value_and_count[0])
