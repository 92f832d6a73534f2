"""Layouts of Keras `.h5` checkpoints: which tensors under which names, and the model config; no values.

The values follow from the names, so that a few kilobytes stand for a file of a hundred megabytes. Used by the tests
and, in the legacy environment, by released_h5.py; needs h5py and NumPy alone.
"""

import gzip
import json
import zlib
from pathlib import Path

import h5py
import numpy as np


def tensor(name, shape):
    """The value of the tensor `name`: seeded by its name, kernels by 1/sqrt(fan in), gammas about 1, the rest small."""
    n = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape).astype("float32")
    leaf = name.split("/")[-1].split(":")[0]
    if leaf in ("kernel", "depthwise_kernel"):
        return n / np.sqrt(np.prod(shape[:-1])).astype("float32")
    if leaf == "moving_variance":
        return np.abs(1 + 0.1 * n)
    return (1 + 0.1 * n) if leaf == "gamma" else 0.1 * n


def inputs(shapes):
    """Inputs of these shapes, a batch of one: pictures in [-1, 1], then the rest normal, of one generator."""
    rng = np.random.default_rng(7)
    pictures = [rng.uniform(-1, 1, (1, *shape)).astype("float32") for shape in shapes if len(shape) == 3]
    return pictures + [
        rng.standard_normal((1, *shape)).astype("float32") for shape in shapes if len(shape) == 1
    ]


def read(path):
    """The layout of the checkpoint at `path`."""
    with h5py.File(path, "r") as file:
        root = file["model_weights"]
        layers = []
        for name in root.attrs["layer_names"]:
            group = root[name]
            layers.append([name, [[w, list(group[w].shape)] for w in group.attrs["weight_names"]]])
        return {
            "model_config": file.attrs["model_config"],
            "keras_version": file.attrs["keras_version"],
            "backend": file.attrs["backend"],
            "layers": layers,
        }


def load(path):
    with gzip.open(path, "rt") as file:
        return json.load(file)


def write(layout, path, weights_only=False):
    """Writes the checkpoint that `layout` describes to `path`."""
    with h5py.File(Path(path), "w") as file:
        root = file
        if not weights_only:
            file.attrs["model_config"] = layout["model_config"]
            root = file.create_group("model_weights")
        root.attrs["layer_names"] = np.array([name.encode() for name, _ in layout["layers"]])
        for name, weights in layout["layers"]:
            group = root.create_group(name)
            group.attrs["weight_names"] = np.array([weight.encode() for weight, _ in weights])
            for weight, shape in weights:
                group.create_dataset(weight, data=tensor(weight, tuple(shape)))
