"""Bounds of a network's speed: operations of its convolutions, bytes between its layers, the peaks of this CPU."""

import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from networks.layers import PictureConv2D, PooledConv2D


def gigaflop(model: keras.Model) -> float:
    """Operations of one sample's convolutions and dense layers; a multiplication and an addition count as two."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dense):
            total += 2 * layer.kernel.shape[0] * layer.kernel.shape[1]
        elif isinstance(layer, keras.layers.Conv2D):
            _, height, width, _ = layer.output.shape
            places = (
                height
                * width
                * (2 if isinstance(layer, PictureConv2D) and layer.kernel_size == (3, 3) else 1)
            )
            total += 2 * places * int(np.prod(layer.kernel.shape))
    return total / 1e9


def gigabytes(model: keras.Model, value_bytes: int) -> float:
    """Bytes that one sample's layers read and write, if each moves only its inputs and its output, once.

    A normalisation reads its input twice more (mean and variance), a pooled 3×3 convolution writes and reads the
    averages, and dense layers and weights are left out.
    """
    values = 0
    for layer in model.layers:
        if isinstance(layer, (keras.layers.InputLayer, keras.layers.Dense)):
            continue
        call = layer._inbound_nodes[0]
        sizes = [int(np.prod(x.shape[1:])) for x in call.input_tensors]
        values += sum(sizes) + int(np.prod(layer.output.shape[1:]))
        if "norm" in layer.name or (isinstance(layer, PooledConv2D) and layer.kernel_size == (3, 3)):
            values += 2 * sizes[0]
    return values * value_bytes / 1e9


def best_s(run: Callable[[], tf.Tensor], rounds: int = 20) -> float:
    run()
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def machine_peaks() -> dict[str, float]:
    """The peaks of this machine at the moment, by name: a large matrix product in either type, and a sum."""
    peaks = {}
    for dtype in ("float32", "bfloat16"):
        x, y = (tf.cast(tf.random.normal((2048, 2048)), dtype) for _ in range(2))
        product = tf.function(lambda x=x, y=y: tf.matmul(x, y)[0, 0])
        peaks[f"{dtype} GFLOP/s"] = 2 * 2048**3 / best_s(product) / 1e9
    x = tf.random.normal((64, 1024, 1024))
    double = tf.function(lambda: x + x)
    peaks["copy GB/s"] = 2 * 4 * 64 * 1024 * 1024 / best_s(double) / 1e9
    return peaks
