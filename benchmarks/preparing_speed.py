"""Measures how preparing data scales: pictures/s by process, and what the scheduler itself takes.

python -m benchmarks.preparing_speed photos/            pictures/s in this process and with 1, 2, … workers
python -m benchmarks.preparing_speed --stub 1000000     so many items that take no time to make: what is left is Dask,
                                                        the pieces' files and the putting together of shards
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from facedancer_tf.quiet_start import load_tensorflow_quietly

if __name__ in ("__main__", "__mp_main__"):
    load_tensorflow_quietly()  # the imports below bring TensorFlow

from data.clusters.connection import LOCAL, connected
from data.folders import Item, list_pictures
from data.preparing.face_records import FaceSettings, Outcome
from data.preparing.shard_plan import plan_shards
from data.preparing.shards import MakerSettings, make_shards

SETTINGS = {"size_px": 256, "shrink": 1.0}


@dataclass(frozen=True)
class Stub:
    """Makes one small record of every item, at once."""

    piece_items: int = 16

    def build(self) -> Callable[[Item], Outcome]:
        return lambda item: Outcome((item.name.encode(),))


def seconds_for(items: list[Item], maker: MakerSettings, workers: int) -> tuple[float, float]:
    """Seconds until the workers are there, and seconds of work, for a fresh set of shards."""
    plans = plan_shards(items, seed=0, validation=0.02)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with connected(LOCAL, workers) as cluster:
            started = time.perf_counter()
            make_shards(Path(folder), plans, SETTINGS, maker, cluster)
            return started - began, time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--stub", type=int, help="so many items without pictures instead")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    if options.stub:
        items, maker = [Item(f"{i:08d}", f"{i:08d}", "") for i in range(options.stub)], Stub()
        start, work = seconds_for(items, maker, os.cpu_count() or 2)
        pieces, shards = len(items) / Stub.piece_items, len(plan_shards(items, 0, 0.02))
        print(f"{len(items):,} items in {shards} shards: {work:.0f} s, {len(items) / work:.0f} items/s")
        print(
            f"{1000 * work / pieces:.2f} ms a piece, {1000 * work / shards:.0f} ms a shard of {len(items) // shards}"
        )
        return
    pictures = list_pictures(options.folders, lambda _: None).items
    counts = (1, *range(2, (os.cpu_count() or 1) + 1))
    times: dict[int, list[tuple[float, float]]] = {workers: [] for workers in counts}
    for _ in range(options.repeat):  # in turns, since other work on the machine comes and goes
        for workers in counts:
            times[workers].append(seconds_for(pictures, FaceSettings(), workers))
    print("| processes | until they are there, s | pictures/s |\n|---|---|---|")
    for workers, pairs in times.items():
        start, work = (median(values) for values in zip(*pairs, strict=True))
        print(f"| {workers} | {start:.1f} | {len(pictures) / work:.1f} |")


if __name__ == "__main__":
    main()
