"""Writes the figures as a table for people, and the margins as a YAML file for train.py."""

from collections.abc import Sequence

from data.folders import LeftOut
from data.printable import printable
from facedancer_tf.margins.samples import (
    DIFFERENT,
    SAME,
    SWAPPED_SOURCE,
    TARGET_SWAPPED,
    Samples,
    count_left_out,
)
from facedancer_tf.margins.suggestion import BlockFigures, is_half_swapped, margin_kind
from facedancer_tf.weights.identity_encoder import Encoder

HALF_SWAPPED = (
    "these swapped faces are still nearer to their targets than to their sources: margins measured on them hold the "
    "next model where this one stands, measure anew once identities move further"
)
NAMES_MAX = 10
LETTERS = {TARGET_SWAPPED: "T", SWAPPED_SOURCE: "S", SAME: "V", DIFFERENT: "D"}
LEGEND = {
    TARGET_SWAPPED: "target to swapped",
    SWAPPED_SOURCE: "swapped to source",
    SAME: "views of one person",
    DIFFERENT: "different people",
}


def table(figures: Sequence[BlockFigures]) -> str:
    """The table, one line per block: mean distances, interval, equal-error rates in percent, margin or why none."""
    kinds, pairs = list(figures[0].means), list(figures[0].error_rates)
    heads = ["block", *(LETTERS[kind] for kind in kinds), f"95 % of {LETTERS[margin_kind(kinds)]}"]
    heads += [*(f"EER {LETTERS[near]}/{LETTERS[far]}" for near, far in pairs), "margin"]
    rows = [heads]
    for block in figures:
        rows.append(
            [
                block.block,
                *(f"{block.means[kind]:.4f}" for kind in kinds),
                "{:.4f}-{:.4f}".format(*block.interval),
                *(f"{100 * block.error_rates[pair]:.1f} %" for pair in pairs),
                f"- {block.why}" if block.margin is None else f"{block.margin:.4f}",
            ]
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    lines = [", ".join(f"{LETTERS[kind]}: {LEGEND[kind]}" for kind in kinds)]
    lines += [
        "  ".join(
            cell.ljust(width) if column in (0, len(heads) - 1) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join(lines)


def name_left_out(left_out: LeftOut) -> list[str]:
    """A line for each reason with the names of the files that were not used, the first NAMES_MAX of them."""
    lines = []
    for reason, names in sorted(left_out.items()):
        more = f" and {len(names) - NAMES_MAX} more" if len(names) > NAMES_MAX else ""
        lines.append(f"left out, {reason}: {', '.join(names[:NAMES_MAX])}{more}")
    return lines


def warnings(figures: Sequence[BlockFigures], samples: Samples) -> list[str]:
    """The warnings for whoever uses the margins, one sentence each."""
    return [text for text in (samples.beware, HALF_SWAPPED if is_half_swapped(figures) else "") if text]


def margins_yaml(
    figures: Sequence[BlockFigures], encoder: Encoder, samples: Samples, command: str, name: str
) -> str:
    """The margins as a YAML text that train.py takes after a recipe. Its comments say where they come from.

    command: gives the same margins again. name: of the file. The text holds no date, so every run gives the same text.
    """
    label = encoder.description.name
    lines = [
        f"# IFSR margins for the encoder {label}, weights {encoder.fingerprint[:12]}, and no other. To train with",
        "# them, give them behind a recipe:",
        f"#   python train.py --config configs/RECIPE.yaml --config {name}",
        f"# Stage: {samples.origin}.",
        f"# Pictures: {samples.material}; files left out: {count_left_out(samples.left_out)}.",
        f"# Made by: {command}",
        f"# Margin: mean distance {LETTERS[margin_kind(figures[0].means)]} below.",
    ]
    lines += [f"# Beware: {text}." for text in warnings(figures, samples)]
    lines += ["#", *(f"# {line}" for line in table(figures).splitlines())]
    lines += ["loss:", "  ifsr_margins:"]
    lines += [f"    {block.block}: {block.margin:.4f}" for block in figures if block.margin is not None]
    # a name may hold a line's end, which would end the comment
    return "".join(f"{printable(line)}\n" for line in lines)
