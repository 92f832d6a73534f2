"""Compares the speed of the networks with the released graph, layer by layer, on this machine's CPU.

    python -m benchmarks.generator_speed --batch 1 --rounds 15

Released plan and width, random weights; forward passes as warmed-up `tf.function`s, interleaved in one run, medians.
"plain" is `networks.reference` in float32, "fast" is the project's network in float32, "bfloat16" is the same
with everything but statistics and output in bfloat16. Processor time counts both of two busy cores; other work on the
machine hardly changes it. With --gradients also a forward and backward pass, for the weights' gradients.
"""

import argparse
import os
import platform
import time
from collections.abc import Callable

from facedancer_tf.quiet_start import load_tensorflow_quietly

if __name__ == "__main__":
    load_tensorflow_quietly()  # the imports below bring TensorFlow

import keras
import numpy as np
import tensorflow as tf

from benchmarks.bounds import gigabytes, gigaflop, machine_peaks
from benchmarks.weights import copy_weights
from networks.discriminator import build_image_discriminator
from networks.generator import build_generator
from networks.reference import build_reference_generator, build_reference_image_discriminator

Pass = Callable[[], tf.Tensor]
VARIANTS = ("plain", "fast", "bfloat16")


def build(network: str, size_px: int, half: str) -> dict[str, keras.Model]:
    """The three variants of the network by name, with the same random weights; `half` is the bfloat16 policy."""
    keras.utils.set_random_seed(0)
    if network == "generator":
        models = {
            "plain": build_reference_generator(size_px),
            "fast": build_generator(size_px),
            "bfloat16": build_generator(size_px, dtype=half),
        }
    else:
        models = {
            "plain": build_reference_image_discriminator(size_px),
            "fast": build_image_discriminator(size_px),
            "bfloat16": build_image_discriminator(size_px, dtype=half),
        }
    for name in ("fast", "bfloat16"):
        copy_weights(models["plain"], models[name])
    return models


def smooth_inputs(network: str, batch: int, size_px: int) -> list[tf.Tensor]:
    """A picture as smooth as faces are and, for the generator, an identity."""
    coarse = tf.random.stateless_uniform((batch, 8, 8, 3), (0, 1), -1, 1)
    picture = tf.image.resize(coarse, (size_px, size_px), "bicubic")
    return (
        [picture, tf.random.stateless_normal((batch, 512), (0, 2))] if network == "generator" else [picture]
    )


def forward(model: keras.Model, inputs: list[tf.Tensor]) -> Pass:
    function = tf.function(lambda *x: model([*x] if len(x) > 1 else x[0], training=False), autograph=False)
    return lambda: function(*inputs)


def backward(model: keras.Model, inputs: list[tf.Tensor]) -> Pass:
    """Runs forward and backward; returns one number that depends on every weight's gradient."""

    @tf.function(autograph=False)
    def function(*x: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(model([*x] if len(x) > 1 else x[0], training=True)))
        return tf.add_n([tf.reduce_sum(g) for g in tape.gradient(loss, model.trainable_variables)])

    return lambda: function(*inputs)


def interleaved(passes: dict[str, Pass], rounds: int) -> tuple[dict[str, float], dict[str, float]]:
    """Median wall and processor milliseconds of each pass; every round calls each pass once."""
    for run in passes.values():
        run()
        run()
    wall: dict[str, list[float]] = {name: [] for name in passes}
    cores: dict[str, list[float]] = {name: [] for name in passes}
    for _ in range(rounds):
        for name, run in passes.items():
            began, used = time.perf_counter(), time.process_time()
            run().numpy()
            wall[name].append(1e3 * (time.perf_counter() - began))
            cores[name].append(1e3 * (time.process_time() - used))
    return (
        {n: float(np.median(v)) for n, v in wall.items()},
        {n: float(np.median(v)) for n, v in cores.items()},
    )


def report(title: str, wall: dict[str, float], cores: dict[str, float]) -> None:
    print(title)
    for name in wall:
        print(f"  {name:9s} wall {wall[name]:8.1f} ms  {wall['plain'] / wall[name]:5.2f}x   processor "
              f"{cores[name]:8.1f} ms  {cores['plain'] / cores[name]:5.2f}x")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--size-px", type=int, default=256)
    parser.add_argument(
        "--networks", nargs="+", default=["generator"], choices=["generator", "discriminator"]
    )
    parser.add_argument("--gradients", action="store_true", help="time gradients too (memory: 1 GB a sample)")
    arguments = parser.parse_args()
    batch, size_px = arguments.batch, arguments.size_px
    threads = tf.config.threading.get_intra_op_parallelism_threads() or "all"
    print(f"Python {platform.python_version()}, TensorFlow {tf.__version__}, Keras {keras.__version__}, "
          f"{os.cpu_count()} cores, intra-op threads: {threads}, "
          f"TF_ENABLE_ONEDNN_OPTS={os.environ.get('TF_ENABLE_ONEDNN_OPTS', 'not set')}")  # fmt: skip
    peaks = machine_peaks()
    print("peaks measured here: " + ", ".join(f"{name} {value:.0f}" for name, value in peaks.items()))
    for network in arguments.networks:
        models, inputs = build(network, size_px, "bfloat16"), smooth_inputs(network, batch, size_px)
        passes = {name: forward(model, inputs) for name, model in models.items()}
        wall, cores = interleaved(passes, arguments.rounds)
        report(f"{network}, {size_px} px, batch {batch}, forward:", wall, cores)
        for name, model in models.items():
            kind = "bfloat16" if name == "bfloat16" else "float32"
            work, bytes_moved = (
                gigaflop(model) * batch,
                gigabytes(model, 2 if kind == "bfloat16" else 4) * batch,
            )
            bound = 1e3 * max(work / peaks[f"{kind} GFLOP/s"], bytes_moved / peaks["copy GB/s"])
            print(f"  {name:9s} {work:7.1f} GFLOP in convolutions, {bytes_moved:5.2f} GB between layers: bound "
                  f"{bound:7.1f} ms, {bound / wall[name]:4.0%} of it reached")  # fmt: skip
        plain, fast, half = (passes[name]().numpy() for name in VARIANTS)
        error = np.mean(np.square(half - plain))
        print(f"  float32: max difference {np.abs(fast - plain).max():.1e} (values up to {np.abs(plain).max():.1f}); "
              f"bfloat16: PSNR {10 * np.log10(4 / error):.1f} dB")  # fmt: skip
        if arguments.gradients:
            models = build(network, size_px, "mixed_bfloat16")
            steps = {name: backward(model, inputs) for name, model in models.items()}
            wall, cores = interleaved(steps, max(3, arguments.rounds // 3))
            report(f"{network}, {size_px} px, batch {batch}, forward and backward:", wall, cores)


if __name__ == "__main__":
    main()
