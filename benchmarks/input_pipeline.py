"""Measures the images a second of the input pipeline and of the released input, on the same encoded records.

    python -m benchmarks.input_pipeline --size-px 256 --rounds 7

An image is a target with its source. Both inputs are asked for batches as fast as they come, in turns, in one run.
Printed are medians over the rounds, by the clock and by processor time (both cores together); other work on the machine
hardly changes the latter. The released input has only its own augmentation: `colour_and_geometry` is compared with
that.
"""

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from facedancer_tf.quiet_start import load_tensorflow_quietly

if __name__ == "__main__":
    load_tensorflow_quietly()  # the imports below bring TensorFlow

from benchmarks.face_records import make_face_records
from benchmarks.released_input import released_batches
from data.augmentation import colour_and_geometry_augmentation, released_augmentation
from data.pipeline import build_dataset

AUGMENTATIONS = {
    "none": None,
    "released": released_augmentation(),
    "colour_and_geometry": colour_and_geometry_augmentation(
        0.2, 0.15, 0.2, flip=True, scale=0.03, rotation_deg=3.0, shift=0.02
    ),  # configs/small_start.yaml's
}
QUALITIES = {"jpeg": 95, "png": None}


def images_per_second(batches: Iterator[Any], batch_size: int, count: int) -> tuple[float, float]:
    """Images a second of the next `count` batches, by the clock and by processor time."""
    clock, processor = time.perf_counter(), time.process_time()
    for _ in range(count):
        next(batches)
    images = count * batch_size
    return images / (time.perf_counter() - clock), images / (time.process_time() - processor)


def compare(folder: Path, name: str, options: argparse.Namespace) -> None:
    """Measures both inputs in turns with the augmentation `name` and prints a row."""
    rates: dict[str, list[tuple[float, float]]] = {"ours": [], "released": []}
    for number in range(options.rounds):
        inputs = {
            "ours": iter(
                build_dataset(
                    folder, "train", options.size_px, options.batch, number, augmentation=AUGMENTATIONS[name]
                )
            ),
            "released": released_batches(folder, options.size_px, options.batch, augment=name != "none"),
        }
        for side, batches in inputs.items():
            images_per_second(batches, options.batch, 10)  # graphs are built, buffers filled
            rates[side].append(images_per_second(batches, options.batch, options.batches))
            del batches
    ours, theirs = ([median(column) for column in zip(*rates[side], strict=True)] for side in rates)
    print(
        f"{name:<20} {ours[0]:>9.0f} {theirs[0]:>9.0f} {ours[0] / theirs[0]:>6.2f}   "
        f"{ours[1]:>9.0f} {theirs[1]:>9.0f} {ours[1] / theirs[1]:>6.2f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size-px", type=int, default=256)
    parser.add_argument("--batch", type=int, default=10, help="images per batch (released: 10)")
    parser.add_argument("--batches", type=int, default=40, help="measured in each round")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    print(f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, batches of {options.batch}")
    with tempfile.TemporaryDirectory() as temporary:
        for form, quality in QUALITIES.items():
            folder = Path(temporary) / form
            kilobytes = make_face_records(folder, options.size_px, quality)
            print(f"\n{form} of {options.size_px} px, {kilobytes:.0f} kB each, images/s")
            print(
                f"{'augmentation':<20} {'ours':>9} {'released':>9} {'ratio':>6}   {'ours/cpu':>9} {'rel./cpu':>9} ratio"
            )
            for name in AUGMENTATIONS:
                compare(folder, name, options)


if __name__ == "__main__":
    main()
