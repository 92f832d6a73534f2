"""Reads a Keras `.h5` file: arrays by layer, in saved order, and the network's config if it is a full model.

The file is read as data: its size is bounded, nothing may be listed twice, no link is followed
(`facedancer_tf.weights.plain_hdf5`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from facedancer_tf.graphs.graph import GraphError
from facedancer_tf.weights.plain_hdf5 import open_plain_hdf5

LAYERS_CEILING = 5000


@dataclass
class SavedLayer:
    """A layer's name and its arrays by full weight name, in saved order."""

    name: str
    arrays: dict[str, np.ndarray]


@dataclass
class Checkpoint:
    """The content of an `.h5` file. config: of a full model, else None. layers: in saved order."""

    config: dict[str, Any] | None
    layers: list[SavedLayer]

    @property
    def numbers(self) -> int:
        """How many numbers its arrays have together."""
        return sum(array.size for layer in self.layers for array in layer.arrays.values())


def read_checkpoint(path: Path) -> Checkpoint:
    """Reads `path`; raises NotPlain for a file that is no plain HDF5 and GraphError for one that is not Keras'."""
    with open_plain_hdf5(path) as file:
        root = file.get("model_weights", file)
        if not isinstance(root, h5py.Group) or not any(key.startswith("layer_names") for key in root.attrs):
            raise GraphError("it is not a Keras weights file: it lists no layers")
        names = _names(root, "layer_names")
        if len(set(names)) != len(names):
            raise GraphError("it lists a layer twice")
        layers = [SavedLayer(name, _arrays(root[name])) for name in names]
        config = None
        if "model_config" in file.attrs:
            try:
                config = json.loads(_text(file.attrs["model_config"]))
            except (ValueError, RecursionError) as error:
                raise GraphError("its model_config is not readable JSON") from error
    return Checkpoint(config, layers)


def by_leaf(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Arrays by leaf name: kernel, bias …; 0/kernel, 0/bias, 1/kernel … if the layer holds several, as AdaIN does."""
    owners = list(dict.fromkeys(full.rpartition("/")[0] for full in arrays))
    result = {}
    for full, value in arrays.items():
        owner, _, leaf = full.rpartition("/")
        leaf = leaf.split(":")[0]
        key = leaf if len(owners) == 1 else f"{owners.index(owner)}/{leaf}"
        if key in result:
            raise GraphError(f"it holds two tensors {full!r}")
        result[key] = value
    return result


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _names(group: h5py.Group, key: str) -> list[str]:
    """The names in an attribute; Keras divides a list that is too long for HDF5 into key0, key1 …"""
    parts = [key] if key in group.attrs else sorted(
        (part for part in group.attrs if part.startswith(key) and part.removeprefix(key).isdigit()),
        key=lambda part: int(part.removeprefix(key)),
    )  # fmt: skip
    if sum(np.size(group.attrs[part]) for part in parts) > LAYERS_CEILING:
        raise GraphError(f"its {key} has no end")
    return [_text(name) for part in parts for name in np.atleast_1d(group.attrs[part])]


def _arrays(group: h5py.Group) -> dict[str, np.ndarray]:
    """A layer's arrays by full weight name. Each may be listed only once, so that the file's size bounds the memory."""
    names = _names(group, "weight_names")
    if len({group[name].name for name in names}) != len(names):
        raise GraphError(f"its layer {group.name!r} lists a tensor twice")
    for name in names:
        if not isinstance(group[name], h5py.Dataset) or group[name].shape is None:
            raise GraphError(f"its tensor {name!r} is none")
    return {name: np.asarray(group[name]) for name in names}
