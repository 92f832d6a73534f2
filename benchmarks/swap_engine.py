"""The swap engine beside how it was before: a graph per number of faces, embedding layer by layer, patient search.

    python -m benchmarks.swap_engine [--model MODEL] [--rounds 15]

Both ways run in turns in one process; printed are medians and their ratio. First calls are timed once, with tracing.
Frames are the bundled photographs at 1280 px, and one of them without its face. Threads swap the same pictures that one
thread swaps. Memory is what the process holds after 100 and after 400 swaps of pictures of changing sizes.
"""

import argparse
import resource
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from facedancer_tf.quiet_start import load_tensorflow_quietly

if __name__ == "__main__":
    load_tensorflow_quietly()  # the imports below bring TensorFlow

import cv2
import numpy as np
import tensorflow as tf

from data.pictures import read_picture
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.plain_graphs import run_graphs_as_they_are
from facedancer_tf.swapping.swapper import Swapper

FACES = (1, 4, 8)
FRAME_PX = 1280
Call = Callable[[], object]


def seconds(call: Call) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def row(name: str, before: Call, now: Call, rounds: int) -> None:
    """Measures both in turns and prints the medians in milliseconds."""
    pairs = [(seconds(before), seconds(now)) for _ in range(rounds)]
    old, new = (1e3 * median(column) for column in zip(*pairs, strict=True))
    print(f"{name:<34} {old:>9.1f} {new:>9.1f} {old / new:>7.2f}", flush=True)


def compare_networks(swapper: Swapper, rounds: int) -> None:
    """First calls and later ones of both networks, with as many faces as `FACES` says."""
    engine, rng = swapper.engine, np.random.default_rng(0)
    size_px, encoder_px = engine.recipe.size_px, engine.encoder.description.size_px
    before = tf.function(engine.swap, autograph=False)  # traced anew for each number of faces

    def crops(count: int, side_px: int) -> np.ndarray:
        return rng.integers(0, 256, (count, side_px, side_px, 3)).astype(np.uint8)

    identities = rng.normal(size=(max(FACES), *engine.generator.input_shape[1][1:])).astype(np.float32)
    targets = crops(max(FACES), size_px)
    engine.swap_crops(targets[:2], identities[:2])  # the first run of a graph, whatever its number of faces
    for name, times in (("first", 1), ("another", rounds)):
        for count in FACES:
            given = targets[:count], identities[:count]
            row(
                f"{name} swap of {count} faces, ms",
                lambda given=given: before(*map(tf.constant, given)).numpy(),  # type: ignore[misc]
                lambda given=given: engine.swap_crops(*given),  # type: ignore[misc]
                times,
            )
    source = crops(1, encoder_px)
    engine.embed_crops(source)
    row(
        "embedding a face, ms",
        lambda: engine.encoder.embed(tf.constant(source)).numpy(),
        lambda: engine.embed_crops(source),
        rounds,
    )


def compare_search(swapper: Swapper, frame: np.ndarray, rounds: int) -> None:
    """The two searches on a frame with a face and on the same frame with the face blurred away."""
    face = swapper.detect(frame)[0]
    x, y, width, height = (round(value) for value in face.box)
    empty = frame.copy()
    part = empty[max(0, y - height) : y + 2 * height, max(0, x - width) : x + 2 * width]
    part[...] = part.mean(axis=(0, 1))
    for name, picture in (("with a face", frame), ("without one", empty)):
        row(
            f"searching a frame {name}, ms",
            lambda picture=picture: swapper.detect(picture),  # type: ignore[misc]
            lambda picture=picture: swapper.detect(picture, "quick"),  # type: ignore[misc]
            rounds,
        )


def compare_threads(swapper: Swapper, pictures: list[np.ndarray]) -> None:
    """The same swaps by one thread and by eight."""
    identity = swapper.embed(pictures[0])
    work = pictures * 8
    swapper.swap(identity, pictures[0])
    serial: list[np.ndarray] = []
    one = seconds(lambda: serial.extend(swapper.swap(identity, picture) for picture in work))
    with ThreadPoolExecutor(8) as threads:
        began = time.perf_counter()
        shared = list(threads.map(lambda picture: swapper.swap(identity, picture), work))
        eight = time.perf_counter() - began
    equal = sum(np.array_equal(a, b) for a, b in zip(serial, shared, strict=True))
    print(
        f"{len(work)} swaps: one thread {len(work) / one:.1f} a second, eight {len(work) / eight:.1f}; {equal} equal"
    )


def watch_memory(swapper: Swapper, pictures: list[np.ndarray]) -> None:
    """What the process holds while sizes change."""
    identity, held = swapper.embed(pictures[0]), {}
    for number in range(401):
        photograph = pictures[number % len(pictures)]
        factor = (300 + 13 * (number % 61)) / max(photograph.shape[:2])
        small = cv2.resize(photograph, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        swapper.swap(identity, small, face="all")
        if number in (100, 200, 300, 400):
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            held[number] = pages * resource.getpagesize() / 1e6
    print("memory after swaps: " + ", ".join(f"{number}: {mb:.0f} MB" for number, mb in held.items()))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", help="a name or a model file (the embedded one)")
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    run_graphs_as_they_are()  # as swap_image.py does
    pictures = []
    for path in bundled_pictures():
        picture = read_picture(path).rgb
        factor = FRAME_PX / max(picture.shape[:2])
        pictures.append(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA))
    with Swapper(arguments.model) as swapper:
        print(f"{'':<34} {'before':>9} {'now':>9} {'ratio':>7}")
        compare_networks(swapper, arguments.rounds)
        compare_search(swapper, pictures[0], arguments.rounds)
        compare_threads(swapper, pictures)
        watch_memory(swapper, pictures)


if __name__ == "__main__":
    main()
