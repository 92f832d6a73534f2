"""Measures how time and memory of a training step grow with picture size, width and batch.

    python -m benchmarks.growth --plot docs/growth.png

Each point is a process of its own: the project's step with every loss but VGG's (patch discriminator, SFace, R1 and
cycle every step) on random pictures. It gives the median seconds of a step after two warm-up steps, and the process's
peak memory minus what it had before its first step.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

BASE = {"size_px": 128, "base_filters": 16, "batch_size": 4}
SWEEPS = {
    "size_px": (64, 96, 128, 192, 256),
    "base_filters": (8, 16, 32, 48, 64),
    "batch_size": (1, 2, 4, 8, 12),
}
LABELS = {"size_px": "picture size (px)", "base_filters": "base filters", "batch_size": "batch"}


def measure(
    size_px: int, base_filters: int, batch_size: int, precision: str, rounds: int
) -> dict[str, float]:
    """Seconds of a step, and megabytes above what this process had before it."""
    import tensorflow as tf

    from facedancer_tf.training.config import TrainConfig
    from facedancer_tf.training.config_sections import (
        DiscriminatorConfig,
        EncoderConfig,
        GeneratorConfig,
        LossConfig,
    )
    from facedancer_tf.training.models import build_models
    from facedancer_tf.training.train_step import build_optimizer, build_train_step

    config = TrainConfig(
        size_px=size_px,
        batch_size=batch_size,
        generator=GeneratorConfig(base_filters=base_filters, mapping_width=256),
        discriminator=DiscriminatorConfig(base_filters=base_filters),
        encoder=EncoderConfig("sface"),
        loss=LossConfig(perceptual=0.0),
        precision="mixed_bfloat16" if precision == "mixed_bfloat16" else "float32",
    )
    models = build_models(config, 1.0)
    adams = [
        build_optimizer(config, net.trainable_variables) for net in (models.generator, models.discriminator)
    ]
    step = build_train_step(models, config, adams[0], adams[1], tf.distribute.get_strategy())
    pictures = tf.random.stateless_uniform((2, batch_size, size_px, size_px, 3), (0, 1), -1, 1)
    batch = {"target": pictures[0], "source": pictures[1], "self_swap": tf.one_hot(0, batch_size)}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = []
    for _ in range(rounds + 2):
        began = time.perf_counter()
        float(step(batch, with_r1=True, with_cycle=True)["identity"])
        seconds.append(time.perf_counter() - began)
    megabytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return {"seconds": float(np.median(seconds[2:])), "megabytes": megabytes}


def in_a_process(point: dict[str, int], precision: str, rounds: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.growth", "--rounds", str(rounds), "--precision", precision]
    command += ["--point", json.dumps(point)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def draw(results: dict[str, list[tuple[int, dict[str, float]]]], title: str, path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, len(results), figsize=(11, 6), sharey="row", layout="constrained")
    for column, (name, points) in zip(axes.T, results.items(), strict=True):
        for axis, quantity in zip(column, ("seconds", "megabytes"), strict=True):
            axis.plot([value for value, _ in points], [figures[quantity] for _, figures in points], "o-")
            axis.set_xlabel(LABELS[name])
            axis.grid(alpha=0.3)
    for row, label in zip(axes, ("seconds a step", "MB above the idle process"), strict=True):
        row[0].set(ylim=(0, 1.05 * row[0].get_ylim()[1]), ylabel=label)
    figure.suptitle(title)
    figure.savefig(path, dpi=100)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", choices=("float32", "mixed_bfloat16"), default="float32")
    parser.add_argument("--plot", type=Path, help="where to draw the curves (PNG)")
    parser.add_argument("--point", type=json.loads, help=argparse.SUPPRESS)  # what each process measures
    arguments = parser.parse_args()
    if arguments.point:
        print(json.dumps(measure(**arguments.point, precision=arguments.precision, rounds=arguments.rounds)))
        return
    results: dict[str, list[tuple[int, dict[str, float]]]] = {name: [] for name in SWEEPS}
    todo = [(name, value) for name, values in SWEEPS.items() for value in values]
    for name, value in tqdm(todo, unit="point"):
        figures = in_a_process({**BASE, name: value}, arguments.precision, arguments.rounds)
        results[name].append((value, figures))
        tqdm.write(
            f"{LABELS[name]:18} {value:4d}: {figures['seconds']:7.3f} s, {figures['megabytes']:7.0f} MB"
        )
    if arguments.plot:
        fixed = ", ".join(f"{LABELS[name]} {value}" for name, value in BASE.items())
        draw(results, f"Training step on a CPU, {arguments.precision}; otherwise {fixed}", arguments.plot)


if __name__ == "__main__":
    main()
