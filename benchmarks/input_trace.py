"""Measures whether the input holds up a step: how long each step could not begin because its batch was missing.

    python -m benchmarks.input_trace --steps 300 --plot docs/input_trace.png

The batches are those of the train loop (facedancer_tf.training.batches); there are two kinds of steps. The real step of
the smoke recipe runs on the CPU, on all cores, and is held up from asking for a batch to having it. The released recipe
runs on a GPU. Here a thread takes the GPU's place: it keeps one core busy for `--step-s` seconds a step (released: 0.9
s on an RTX 3090) and is held up while it has nothing to do. As with a GPU, the loop asks for the next batch while the
thread works, and is one step ahead of it. The very first batch, for which the pipeline starts, is reported apart.
"""

import argparse
import dataclasses
import hashlib
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from facedancer_tf.quiet_start import load_tensorflow_quietly

if __name__ == "__main__":
    load_tensorflow_quietly()  # the imports below bring TensorFlow

import cv2
import numpy as np
import tensorflow as tf

from benchmarks.face_records import make_face_records
from facedancer_tf.bundled_pictures import PICTURES
from facedancer_tf.training.batches import build_batches
from facedancer_tf.training.config import TrainConfig, parse_config
from facedancer_tf.training.models import build_models
from facedancer_tf.training.train_step import build_optimizer, build_train_step

CONFIGS = PICTURES.parents[1] / "configs"
COLOURS = ((200, 90, 20), (30, 120, 30), (30, 30, 200))  # BGR, by run
WARM_UP = 2  # steps that build the graphs


@dataclasses.dataclass(frozen=True)
class Trace:
    """For each step the seconds that it was held up and that it took itself, [n] both. first: until the first batch."""

    name: str
    first: float
    held_up: np.ndarray
    took: np.ndarray


def recipe(name: str, folder: Path) -> TrainConfig:
    """The recipe `name`, on JPEG records of its own size that are made in `folder`."""
    config = parse_config(["--config", str(CONFIGS / f"{name}.yaml"), "--data.folder", str(folder)])
    make_face_records(folder, config.size_px, quality=95)
    return config


def build_step(config: TrainConfig) -> Callable[[dict, int], None]:
    """Runs the recipe's real step and waits until it is done."""
    models = build_models(config, shrink=1.0)
    networks = (models.generator, models.discriminator)
    generator_optimizer, discriminator_optimizer = (
        build_optimizer(config, network.trainable_variables) for network in networks
    )
    strategy = tf.distribute.get_strategy()
    step = build_train_step(models, config, generator_optimizer, discriminator_optimizer, strategy)

    def run(batch: dict, number: int) -> None:
        scalars = step(
            batch,
            with_r1=number % config.r1_every_steps == 0,
            with_cycle=number % config.cycle_every_steps == 0,
        )
        float(scalars["generator_total"])

    return run


def trace_on_cpu(name: str, config: TrainConfig, steps: int) -> Trace:
    """Runs the recipe's real steps one after the other."""
    step = build_step(config)
    batches = build_batches(config, 0, tf.distribute.get_strategy())
    moments = []
    for number in range(WARM_UP + steps):
        asked = time.perf_counter()
        batch = next(batches)
        got = time.perf_counter()
        step(batch, number)
        moments.append((asked, got, time.perf_counter()))
    asked_at, got_at, done_at = np.array(moments).T
    return Trace(name, got_at[0] - asked_at[0], (got_at - asked_at)[WARM_UP:], (done_at - got_at)[WARM_UP:])


def trace_on_device(name: str, config: TrainConfig, step_s: float, steps: int) -> Trace:
    """Runs steps of `step_s` in a thread. As the train loop does with a GPU, it reads a result one step later."""
    content = bytes(1 << 20)

    def step() -> tuple[float, float]:
        began = time.perf_counter()
        while time.perf_counter() < began + step_s:
            hashlib.sha256(content)  # releases Python's lock
        return began, time.perf_counter()

    batches = build_batches(config, 0, tf.distribute.get_strategy())
    started = time.perf_counter()
    results: list[Future] = []
    with ThreadPoolExecutor(1) as device:
        for _ in range(WARM_UP + steps):
            next(batches)
            results.append(device.submit(step))
            if len(results) > 1:
                results[-2].result()
    began, ended = np.array([result.result() for result in results]).T
    return Trace(name, began[0] - started, (began[1:] - ended[:-1])[-steps:], (ended - began)[-steps:])


def draw(traces: list[Trace]) -> np.ndarray:
    """A plot, uint8 BGR: how long each step was held up (dots) and the median step (line), in ms, logarithmic."""
    height, width, left, top, bottom = 420, 900, 70, 20, 40
    picture = np.full((height, width, 3), 255, np.uint8)

    def row(seconds: float | np.ndarray) -> np.ndarray:
        part = (np.log10(np.maximum(seconds, 1e-5)) + 5) / 5.5  # 0.01 ms … 3 s
        return (height - bottom - part * (height - bottom - top)).astype(int)

    def write(text: str, place: tuple[int, int], colour: tuple[int, int, int] = (0, 0, 0)) -> None:
        cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, 1, cv2.LINE_AA)

    for power in range(-5, 1):
        y = int(row(10.0**power))
        cv2.line(picture, (left, y), (width - 10, y), (225, 225, 225), 1)
        write(f"{10.0 ** (power + 3):g} ms", (5, y + 4))
    for number, (run, colour) in enumerate(zip(traces, COLOURS, strict=False)):
        x = np.linspace(left, width - 12, len(run.held_up)).astype(int)
        for point in zip(x, row(run.held_up), strict=True):
            cv2.circle(picture, tuple(map(int, point)), 2, colour, -1, cv2.LINE_AA)
        y = int(row(float(np.median(run.took))))
        cv2.line(picture, (left, y), (width - 10, y), colour, 2)
        write(run.name, (left + 280 * number, height - 12), colour)
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=300, help="of the smoke recipe")
    parser.add_argument(
        "--step-s", type=float, nargs="+", default=[0.9, 0.1], help="lengths of the released step"
    )
    parser.add_argument("--device-steps", type=int, default=100, help="of each of these lengths")
    parser.add_argument("--plot", type=Path, help="PNG of every step's hold-up")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        traces = [
            trace_on_cpu("smoke, on this CPU", recipe("smoke", Path(temporary) / "smoke"), options.steps)
        ]
        released = recipe("released", Path(temporary) / "released")
        for step_s in options.step_s:
            traces.append(
                trace_on_device(f"released, {step_s:g} s a step", released, step_s, options.device_steps)
            )
    print("held up, ms             first  median    99 %  longest   step, ms  share of the time")
    for run in traces:
        held_up = np.quantile(run.held_up, [0.5, 0.99, 1.0])
        share = run.held_up.sum() / (run.held_up.sum() + run.took.sum())
        first, median, most, longest, step = 1e3 * np.array([run.first, *held_up, np.median(run.took)])
        print(f"{run.name:<22}{first:7.0f}{median:8.2f}{most:8.2f}{longest:9.2f}{step:11.0f}{share:19.2%}")
    if options.plot:
        cv2.imwrite(str(options.plot), draw(traces))


if __name__ == "__main__":
    main()
