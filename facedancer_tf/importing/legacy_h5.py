"""Reads a full model's config and arrays from a Keras `.h5` file into a graph.

The config is read as data: no layer of the file is ever built, no function of it is run. Nested models (ArcFace's
ResNet-50 inside its wrapper) are replaced by their layers. Keras 2 (TensorFlow 2.0 to 2.15) and Keras 3's legacy
format are read.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from facedancer_tf.graphs.graph import ROLES, Graph, GraphError, Node
from facedancer_tf.graphs.keras_layers import layer_node
from facedancer_tf.importing.saved_layers import LAYERS_CEILING, Checkpoint, SavedLayer, by_leaf

LEAVES = {"kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance", "alpha", "depthwise_kernel"}
MODELS = ("Functional", "Model", "Sequential")  # Keras' class names of a nested network, of several versions


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


class _Weights:
    """Arrays by layer. Remembers which of them have been used, and how often layers have been called."""

    def __init__(self, layers: Sequence[SavedLayer]) -> None:
        self.arrays = {layer.name: layer.arrays for layer in layers}
        self.used: set[tuple[str, str]] = set()
        self.calls = 0

    def of(self, outer: str, inner: str | None) -> dict[str, np.ndarray]:
        """The arrays of the layer `outer`, or of the layer `inner` in the nested model `outer`, by leaf name."""
        mine = {
            full: value
            for full, value in self.arrays.get(outer, {}).items()
            if inner is None or full.split("/")[-2:-1] == [inner]
        }
        self.used.update((outer, full) for full in mine if full.rpartition("/")[2].split(":")[0] in LEAVES)
        return by_leaf(mine)

    def left_over(self) -> list[str]:
        """Full names of the arrays that have not been used."""
        return [
            full for outer, arrays in self.arrays.items() for full in arrays if (outer, full) not in self.used
        ]


def _network(
    model: Mapping[str, Any], outer_inputs: Sequence[Node] | None, weights: _Weights, outer: str | None
) -> tuple[list[Node], list[Node]]:
    """Inputs and outputs of a model's config.

    outer: name of a nested model, else None. outer_inputs: take the place of a nested model's own inputs.
    """
    if model["class_name"] not in MODELS:
        raise GraphError(f"its network is a {model['class_name']}, not a functional model")
    config = model["config"]
    layers = (
        config if isinstance(config, list) else config["layers"]
    )  # Sequential of old Keras has a list for its config
    if len(layers) > LAYERS_CEILING:
        raise GraphError(f"its network has {len(layers)} layers")
    if model["class_name"] == "Sequential":
        return _chain(layers, outer_inputs, weights, outer)
    nodes: dict[tuple[str, int], Node] = {}
    inputs: list[Node] = []
    by_name = {_name(layer): layer for layer in layers}
    for number, (name, *_) in enumerate(_tensors(config["input_layers"])):
        nodes[name, 0] = outer_inputs[number] if outer_inputs is not None else _input(by_name[name])
        inputs.append(nodes[name, 0])
    first = _first_calls(layers, config["output_layers"])
    pending = [
        (layer, number, list(_tensors(call)))
        for layer in layers
        for number, call in enumerate(layer.get("inbound_nodes") or [])
    ]
    while pending:
        waiting = []
        for layer, number, sources in pending:
            if any(source not in nodes for source in sources):
                waiting.append((layer, number, sources))
                continue
            node = _layer(layer, [nodes[source] for source in sources], weights, outer)
            nodes[_name(layer), number + first.get(_name(layer), 0)] = node
        if len(waiting) == len(pending):
            raise GraphError(f"its layer {_name(waiting[0][0])!r} reads from a layer that does not exist")
        pending = waiting
    return inputs, [nodes[source] for source in _tensors(config["output_layers"])]


def _first_calls(layers: Sequence[Mapping[str, Any]], outputs: Any) -> dict[str, int]:
    """The number of each nested model's first call: Keras 2 counts them from 1, Keras 3 from 0."""
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
    weights.calls += 1
    if weights.calls > LAYERS_CEILING:
        raise GraphError("its network has no end")
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
    """Yields (layer, call) for every tensor that a call's arguments name, in order.

    Keras 2 writes [name, call, tensor, keyword arguments], Keras 3 {"class_name": "__keras_tensor__", …}; both are
    read.
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
