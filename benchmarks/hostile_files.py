"""Reads damaged files of every kind that users bring: whatever comes, it is read, or refused in one sentence.

    python -m benchmarks.hostile_files [KIND ...] [--count 1000] [--first 0] [--seed 0] [--keep FOLDER]

Every file is a small sound one with a few damages, of its bytes or of what they mean: lengths, counts, offsets,
numbers, names; most checksums are right all the same. Processes with bounds on time and memory read them, each with
the function that the scripts read such files with. The table counts, for each kind, files that were read and refused,
and the faults: ESCAPED (another error than the one sentence), WORDS (no sentence), HANG, CRASH, MEMORY. Seed and number
give the same file again. Linux only.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

from benchmarks.hostile.child import KINDS
from benchmarks.hostile.trial import FAULTS, FINE, bounds, cases

COLUMNS = (*FINE, *FAULTS)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)} (all)")
    parser.add_argument("--count", type=int, default=1000, help="files of each kind (1000)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first (0)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--children", type=int, default=2, help="processes at a time (2)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="copy the files with faults into it")
    arguments = parser.parse_args()
    if strangers := set(arguments.kinds) - set(KINDS):
        parser.error(f"there is no kind {', '.join(sorted(strangers))}")
    numbers = range(arguments.first, arguments.first + arguments.count)
    print(f"seed {arguments.seed}, files {numbers.start} to {numbers.stop - 1} of each kind, {bounds()}")
    print(f"{'':<9}" + "".join(f"{name:>9}" for name in (*COLUMNS, "longest", "largest")))
    faults = 0
    for kind in arguments.kinds or KINDS:
        counts: Counter[str] = Counter()
        longest_s, largest_mb, lines = 0.0, 0, []
        for case in cases(kind, numbers, arguments.seed, arguments.children, arguments.keep):
            counts[case.outcome] += 1
            longest_s, largest_mb = max(longest_s, case.seconds), max(largest_mb, case.mb)
            if case.outcome in FAULTS:
                lines.append(f"  {kind} {case.number}: {case.outcome}, {case.said[:300]!r}")
        row = "".join(f"{counts[name]:>9}" for name in COLUMNS)
        print(f"{kind:<9}{row}{longest_s:>7.1f} s{largest_mb:>6} MB", flush=True)
        print("".join(f"{line}\n" for line in lines), end="", flush=True)
        faults += len(lines)
    print(f"{faults} faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
