"""Swaps a long made film and plots the memory that it takes: python -m benchmarks.video_memory --minutes 60 --stub

`--stub` swaps with an untrained generator of 64 px and 4 filters, so that an hour of film takes minutes. The film is a
made clip of twenty seconds over and over, with sound.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np

from benchmarks import clips
from benchmarks.clip_files import write_clip
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.plots import check_plot, load_pyplot, write_plot
from facedancer_tf.swapping.swapper import Swapper
from facedancer_tf.video.casting import Wish
from facedancer_tf.video.film_settings import FilmSettings
from facedancer_tf.video.film_swap import swap_film
from facedancer_tf.weights.model_file import ModelRecipe, save_model_file
from networks.generator import build_generator

PAGE_MB = resource.getpagesize() / 2**20
EVERY_S = 2.0
ROUND_S = 20  # of the film, until it begins again


class MemoryWatch:
    """Reads this process's resident memory every two seconds, in a thread: `seconds` and `megabytes` so far."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.megabytes: list[float] = []
        self._ended, self._began = Event(), time.monotonic()
        self._thread = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(EVERY_S):
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
            self.seconds.append(time.monotonic() - self._began)
            self.megabytes.append(pages * PAGE_MB)


def stub_model(path: Path) -> Path:
    """Writes a model with a tiny, untrained generator."""
    shape: dict[str, Any] = {
        "size_px": 64,
        "fusion": ["no_skip"] * 6,
        "mapping_depth": 1,
        "identity_width": 128,
        "base_filters": 4,
        "mapping_width": 16,
    }
    recipe = ModelRecipe(shape, "sface", 1.0, "nothing", "for measuring only", 0)
    save_model_file(build_generator(**shape), recipe, path)
    return path


def long_film(path: Path, minutes: float, rate: int, height: int) -> None:
    """Writes a film of one face that moves, again and again."""
    clip = clips.one_face(height * 16 // 9, height, ROUND_S * rate)
    rounds: Iterator[np.ndarray] = cycle(list(clip.frames()))
    write_clip(path, islice(rounds, round(minutes * 60 * rate)), rate, audio=True)


def plot(path: Path, watch: MemoryWatch, title: str) -> None:
    pyplot = load_pyplot()
    figure, axes = pyplot.subplots(figsize=(8, 3), layout="constrained")
    axes.plot(np.array(watch.seconds) / 60, watch.megabytes)
    axes.set(xlabel="minutes since the start", ylabel="resident memory, MB", ylim=(0, None), title=title)
    write_plot(path, figure)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=int, default=10, help="frames a second")
    parser.add_argument("--height", type=int, default=180)
    parser.add_argument("--stub", action="store_true", help="swap with an untrained, tiny generator")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the plot")
    arguments = parser.parse_args()
    check_plot(arguments.output)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        film = folder / "film.mp4"
        long_film(film, arguments.minutes, arguments.rate, arguments.height)
        model = stub_model(folder / "stub.keras") if arguments.stub else None
        with Swapper(model) as swapper, MemoryWatch() as watch:
            report = swap_film(
                swapper, [Wish((bundled_pictures()[0],))], film, folder / "out.mp4", FilmSettings()
            )
    later = [mb for s, mb in zip(watch.seconds, watch.megabytes, strict=True) if s > watch.seconds[-1] / 10]
    generator = "an untrained, tiny generator" if arguments.stub else "the embedded model"
    title = f"{arguments.minutes:g} minutes of film, {report.frames} frames, {generator}"
    plot(arguments.output, watch, title)
    print(
        f"{title}: {watch.seconds[-1] / 60:.1f} minutes, {max(watch.megabytes):.0f} MB at most, after a tenth of the "
        f"time {later[0]:.0f} MB, at the end {later[-1]:.0f} MB"
    )


if __name__ == "__main__":
    main()
