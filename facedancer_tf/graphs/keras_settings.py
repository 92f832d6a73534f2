"""Reads the settings that several Keras layers share: windows, activations, biases."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from facedancer_tf.graphs.graph import ROLES, GraphError, Node

Config: TypeAlias = Mapping[str, Any]
Arrays: TypeAlias = Mapping[str, np.ndarray]  # by the last part of a weight's name: kernel, bias, gamma …
# A layer's config, name, inputs and arrays -> its node, or the last of its nodes.
Reader: TypeAlias = Callable[[Config, str, list[Node], Arrays], Node]


def weighted_node(op: str, name: str, inputs: list[Node], settings: dict[str, Any], arrays: Arrays,
              leaves: Mapping[str, str] | None = None) -> Node:  # fmt: skip
    """A node with weights. `leaves` gives, by role, the names of arrays that differ from the role's."""
    weights = {}
    for role in ROLES[op]:
        leaf = (leaves or {}).get(role, role)
        if leaf in arrays:
            weights[role] = arrays[leaf]
    return Node(op, name, inputs, settings, weights)


def check_width(node: Node, width: int) -> Node:
    kernel = node.weights.get("kernel")
    if kernel is not None and kernel.shape[-1:] != (width,):
        raise GraphError(
            f"the kernel of {node.name!r} has the shape {kernel.shape}, but its layer has {width} filters"
        )
    return node


def with_activation(node: Node, config: Config, name: str) -> Node:
    activation = config.get("activation") or "linear"
    if isinstance(activation, Mapping):  # Keras 3 may write a serialised function
        activation = activation.get("config")
    if activation == "linear":
        return node
    if activation not in ("relu", "sigmoid"):
        raise GraphError(
            f"its layer {name!r} has the activation {activation}; none of the networks here has it"
        )
    return Node(activation, name, [node])


def pair(value: Any) -> tuple[int, int]:
    pair = tuple(value) if isinstance(value, (list, tuple)) else (value, value)
    return int(pair[0]), int(pair[1])


def require_channels_last(config: Config, name: str) -> None:
    if config.get("data_format", "channels_last") not in ("channels_last", None):
        raise GraphError(f"its layer {name!r} has the data format {config['data_format']}, not channels_last")


def window(config: Config, size: tuple[int, int], inputs: list[Node]) -> tuple[dict[str, Any], list[Node]]:
    """Size, strides and padding of a convolution, with its inputs; a zero padding before it becomes part of it."""
    strides, padding = pair(config.get("strides") or 1), config["padding"]
    pad: Any = padding
    if padding == "valid":
        pad = (0, 0)
        if inputs[0].op == "pad":
            pad, inputs = inputs[0].settings["pad"], inputs[0].inputs
    elif padding == "same" and strides == (1, 1) and size[0] % 2 and size[1] % 2:
        pad = (size[0] // 2, size[1] // 2)
    return {"size": size, "strides": strides, "pad": pad}, inputs


def with_bias(node: Node, config: Config) -> Node:
    if not config.get("use_bias", True) and "kernel" in node.weights:
        kernel = node.weights["kernel"]
        width = kernel.shape[-1] if node.op != "depthwise_conv" else kernel.shape[-2] * kernel.shape[-1]
        node.weights["bias"] = np.zeros(width, np.float32)
    return with_activation(node, config, node.name)
