"""Keras `.h5` files, full models or weights alone, as ordered arrays and, where the file has its config, as a graph.

The config is read as data: no layer of the file is ever made, no function of it run. Nested models (ArcFace's
ResNet-50 inside its wrapper) are laid open. Keras 2 (TensorFlow 2.0 to 2.15) and Keras 3's legacy format are read.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from facedancer_tf.importing.graph import ROLES, Graph, GraphError, Node
from facedancer_tf.importing.keras_layers import layer_node
from facedancer_tf.plain_hdf5 import open_plain_hdf5

LAYERS_CEILING = 5000
LEAVES = {"kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance", "alpha", "depthwise_kernel"}
MODELS = ("Functional", "Model", "Sequential")  # Keras' class names of a nested network, of several versions


@dataclass
class SavedLayer:
    """A layer's name and its arrays by full weight name, in saved order."""

    name: str
    arrays: dict[str, np.ndarray]


@dataclass
class Checkpoint:
    """What an `.h5` file holds: its config where it is a full model, its layers in saved order."""

    config: dict[str, Any] | None
    layers: list[SavedLayer]


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


def checkpoint_graph(checkpoint: Checkpoint) -> Graph:
    """The graph that the file's config describes, with its arrays.

    Raises GraphError for a config that cannot be read, a layer unknown here, or tensors missing or left over.
    """
    if checkpoint.config is None:
        raise GraphError("it holds weights without the network's config")
    weights = _Weights(checkpoint.layers)
    try:
        inputs, outputs = _network(checkpoint.config, None, weights, None)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise GraphError(f"its model_config is not Keras' ({error!r})") from error
    if len(outputs) != 1:
        raise GraphError(f"its network has {len(outputs)} outputs, not one")
    left_over = weights.left_over()
    if left_over:
        raise GraphError(f"it holds tensors that its own network does not use: {', '.join(left_over[:5])}")
    graph = Graph(inputs, outputs[0])
    for node in graph.nodes():
        missing = [role for role in ROLES.get(node.op, ()) if role not in node.weights]
        if missing:
            raise GraphError(f"the {missing[0]} of {node.name!r} is missing")
    return graph


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _names(group: h5py.Group, key: str) -> list[str]:
    """An attribute that lists names; Keras cuts one that is too long for HDF5 into key0, key1 …"""
    parts = [key] if key in group.attrs else sorted(
        (part for part in group.attrs if part.startswith(key) and part.removeprefix(key).isdigit()),
        key=lambda part: int(part.removeprefix(key)),
    )  # fmt: skip
    if sum(np.size(group.attrs[part]) for part in parts) > LAYERS_CEILING:
        raise GraphError(f"its {key} has no end")
    return [_text(name) for part in parts for name in np.atleast_1d(group.attrs[part])]


def _arrays(group: h5py.Group) -> dict[str, np.ndarray]:
    """A layer's arrays by full weight name; each may be listed once, so that all are no more than the file holds."""
    names = _names(group, "weight_names")
    if len({group[name].name for name in names}) != len(names):
        raise GraphError(f"its layer {group.name!r} lists a tensor twice")
    for name in names:
        if not isinstance(group[name], h5py.Dataset) or group[name].shape is None:
            raise GraphError(f"its tensor {name!r} is none")
    return {name: np.asarray(group[name]) for name in names}


class _Weights:
    """Arrays by layer; remembers which have been asked for."""

    def __init__(self, layers: Sequence[SavedLayer]) -> None:
        self.arrays = {layer.name: layer.arrays for layer in layers}
        self.used: set[tuple[str, str]] = set()
        self.nodes = 0

    def of(self, outer: str, inner: str | None) -> dict[str, np.ndarray]:
        """The arrays of the layer `outer`, or of `inner` in the nested model of that name, by leaf name."""
        mine = {
            full: value
            for full, value in self.arrays.get(outer, {}).items()
            if inner is None or full.split("/")[-2:-1] == [inner]
        }
        self.nodes += 1
        if self.nodes > LAYERS_CEILING:
            raise GraphError("its network has no end")
        self.used.update((outer, full) for full in mine if full.rpartition("/")[2].split(":")[0] in LEAVES)
        return by_leaf(mine)

    def left_over(self) -> list[str]:
        """Full names of the arrays that nobody asked for."""
        return [
            full for outer, arrays in self.arrays.items() for full in arrays if (outer, full) not in self.used
        ]


def by_leaf(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """kernel, bias … of one layer; 0/kernel, 0/bias, 1/kernel … where it holds several layers, as AdaIN does."""
    owners = list(dict.fromkeys(full.rpartition("/")[0] for full in arrays))
    found = {}
    for full, value in arrays.items():
        owner, _, leaf = full.rpartition("/")
        leaf = leaf.split(":")[0]
        key = leaf if len(owners) == 1 else f"{owners.index(owner)}/{leaf}"
        if key in found:
            raise GraphError(f"it holds two tensors {full!r}")
        found[key] = value
    return found


def _network(
    model: Mapping[str, Any], outer_inputs: Sequence[Node] | None, weights: _Weights, outer: str | None
) -> tuple[list[Node], list[Node]]:
    """Inputs and outputs of a model's config; of a nested one (`outer` is its name), `outer_inputs` take the place
    of its own inputs."""
    if model["class_name"] not in MODELS:
        raise GraphError(f"its network is a {model['class_name']}, not a functional model")
    config = model["config"]
    layers = config if isinstance(config, list) else config["layers"]  # Sequential of old Keras: a bare list
    if len(layers) > LAYERS_CEILING:
        raise GraphError(f"its network has {len(layers)} layers")
    if model["class_name"] == "Sequential":
        return _chain(layers, outer_inputs, weights, outer)
    made: dict[tuple[str, int], Node] = {}
    inputs: list[Node] = []
    by_name = {_name(layer): layer for layer in layers}
    for number, (name, *_) in enumerate(_tensors(config["input_layers"])):
        made[name, 0] = outer_inputs[number] if outer_inputs is not None else _input(by_name[name])
        inputs.append(made[name, 0])
    first = _first_calls(layers, config["output_layers"])
    pending = [
        (layer, number, list(_tensors(call)))
        for layer in layers
        for number, call in enumerate(layer.get("inbound_nodes") or [])
    ]
    while pending:
        waiting = []
        for layer, number, sources in pending:
            if any(source not in made for source in sources):
                waiting.append((layer, number, sources))
                continue
            node = _layer(layer, [made[source] for source in sources], weights, outer)
            made[_name(layer), number + first.get(_name(layer), 0)] = node
        if len(waiting) == len(pending):
            raise GraphError(f"its layer {_name(waiting[0][0])!r} reads from a layer that does not exist")
        pending = waiting
    return inputs, [made[source] for source in _tensors(config["output_layers"])]


def _first_calls(layers: Sequence[Mapping[str, Any]], outputs: Any) -> dict[str, int]:
    """The number that each layer's first call goes by: Keras 2 counts a nested model's from 1, Keras 3 from 0."""
    first: dict[str, int] = {}
    calls = [call for layer in layers for call in layer.get("inbound_nodes") or []]
    for name, number in _tensors([*calls, outputs]):
        first[name] = min(number, first.get(name, number))
    nested = {_name(layer) for layer in layers if layer["class_name"] in MODELS}
    return {name: number for name, number in first.items() if name in nested}


def _chain(
    layers: Sequence[Mapping[str, Any]],
    outer_inputs: Sequence[Node] | None,
    weights: _Weights,
    outer: str | None,
) -> tuple[list[Node], list[Node]]:
    """A Sequential model's inputs and outputs."""
    inputs = list(outer_inputs) if outer_inputs is not None else [_input(layers[0])]
    node = inputs[0]
    for layer in layers:
        if layer["class_name"] != "InputLayer":
            node = _layer(layer, [node], weights, outer)
    return inputs, [node]


def _layer(layer: Mapping[str, Any], inputs: list[Node], weights: _Weights, outer: str | None) -> Node:
    name = _name(layer)
    if layer["class_name"] in MODELS:
        _, outputs = _network(layer, inputs, weights, outer or name)
        if len(outputs) != 1:
            raise GraphError(f"its nested network {name!r} has {len(outputs)} outputs, not one")
        return outputs[0]
    arrays = weights.of(outer, name) if outer else weights.of(name, None)
    return layer_node(layer["class_name"], layer["config"], name, inputs, arrays)


def _name(layer: Mapping[str, Any]) -> str:
    return str(layer.get("name") or layer["config"]["name"])


def _input(layer: Mapping[str, Any]) -> Node:
    config = layer["config"]
    shape = config.get("batch_input_shape") or config.get("batch_shape")
    return Node("input", _name(layer), settings={"shape": tuple(shape[1:])})


def _tensors(call: Any) -> Iterator[tuple[str, int]]:
    """(layer, call) of every tensor that a call's arguments name, in order, in Keras 2's way or Keras 3's.

    Keras 2 writes [name, call, tensor, keyword arguments], Keras 3 {"class_name": "__keras_tensor__", …}.
    """
    if isinstance(call, Mapping):
        if call.get("training") is True:
            raise GraphError("one of its layers is called as in training, whatever the network is")
        if call.get("class_name") == "__keras_tensor__":
            name, number, _ = call["config"]["keras_history"]
            yield str(name), int(number)
            return
        for value in call.values():
            yield from _tensors(value)
    elif isinstance(call, list):
        if len(call) >= 3 and isinstance(call[0], str) and isinstance(call[1], int):
            yield call[0], call[1]
            yield from _tensors(call[3:])
            return
        for value in call:
            yield from _tensors(value)
