"""Writes our networks as ONNX nodes, with a short function for each plain operation.

The network is read as the graph of plain operations that importing uses too (graphs/graph.py), so that one place says
what a layer of ours computes. Feature maps have ONNX' own layout NCHW, [B, C, H, W]; vectors are [B, C]; everything is
float32 and computed as with training=False.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import onnx
from onnx import helper, numpy_helper

from facedancer_tf.exporting.onnx_rewrites import with_less_work
from facedancer_tf.graphs.graph import Node
from facedancer_tf.graphs.keras_layers import model_graph


class OnnxNodes:
    """Collects nodes and constants, and gives every tensor a name of its own."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.taken: set[str] = set()

    def constant(self, name: str, value: Any, dtype: Any = np.float32) -> str:
        array = np.ascontiguousarray(value, dtype).reshape(np.shape(value))
        name = self._own(name)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Appends a node of the ONNX operator `kind`; returns its output's name, which is the node's too."""
        output = self._own(output)
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def _own(self, name: str) -> str:
        number, own = 1, name
        while own in self.taken:
            number += 1
            own = f"{name}_{number}"
        self.taken.add(own)
        return own


def emit_network(nodes: OnnxNodes, network: keras.Model, inputs: list[str]) -> str:
    """Appends the whole functional `network`, which reads the tensors `inputs`; returns its output's name.

    Raises ValueError, which names the layer, for a layer that has no ONNX form here.
    """
    graph = with_less_work(model_graph(network))
    names = {id(node): name for node, name in zip(graph.inputs, inputs, strict=True)}
    for node in graph.nodes():
        if node.op == "input":
            continue
        if node.op not in _EMITTERS:
            raise ValueError(f"the layer {node.name} has no ONNX form: {node.op} is not known here")
        names[id(node)] = _EMITTERS[node.op](nodes, node, [names[id(parent)] for parent in node.inputs])
    return names[id(graph.output)]


def _weights(nodes: OnnxNodes, node: Node, *roles: str) -> list[str]:
    return [nodes.constant(f"{node.name}_{role}", node.weights[role]) for role in roles]


def _window(node: Node) -> dict[str, Any]:
    """Size, strides and padding of a convolution or pooling."""
    pad = node.settings["pad"]
    if isinstance(pad, str):
        raise ValueError(f"the layer {node.name} has no ONNX form with the padding {pad!r}")
    return {"kernel_shape": node.settings["size"], "strides": node.settings["strides"], "pads": [*pad, *pad]}


def _conv(nodes: OnnxNodes, node: Node, inputs: list[str]) -> str:
    kernel = node.weights["kernel"]
    groups = node.settings.get("groups", 1)
    if node.op == "depthwise_conv":
        if kernel.shape[3] != 1:
            raise ValueError(f"the layer {node.name} has no ONNX form: it multiplies the channels")
        groups, kernel = kernel.shape[2], np.swapaxes(kernel, 2, 3)
    weights = [nodes.constant(f"{node.name}_kernel", np.transpose(kernel, (3, 2, 0, 1)))]
    weights += _weights(nodes, node, "bias")
    settings = {**_window(node), "group": groups, "dilations": node.settings["dilation"]}
    return nodes.add("Conv", inputs + weights, node.name, **settings)


def _dense(nodes: OnnxNodes, node: Node, inputs: list[str]) -> str:
    return nodes.add("Gemm", inputs + _weights(nodes, node, "kernel", "bias"), node.name)


def _instance_norm(nodes: OnnxNodes, node: Node, inputs: list[str]) -> str:
    weights = _weights(nodes, node, "gamma", "beta")
    return nodes.add("InstanceNormalization", inputs + weights, node.name, epsilon=node.settings["epsilon"])


def _batch_norm(nodes: OnnxNodes, node: Node, inputs: list[str]) -> str:
    weights = _weights(nodes, node, "gamma", "beta", "mean", "variance")
    return nodes.add(
        "BatchNormalization", inputs + weights, node.name, epsilon=float(node.weights["epsilon"])
    )


def _prelu(nodes: OnnxNodes, node: Node, inputs: list[str]) -> str:
    # relu(x) − slope · relu(−x): ONNX Runtime's own PRelu took 7 of SFace's 11 ms on two CPU cores.
    slope = nodes.constant(f"{node.name}_minus_slope", -np.moveaxis(node.weights["slope"], -1, 0))
    above = nodes.add("Relu", inputs, f"{node.name}_above")
    below = nodes.add("Relu", [nodes.add("Neg", inputs, f"{node.name}_neg")], f"{node.name}_below")
    return nodes.add("Add", [above, nodes.add("Mul", [below, slope], f"{node.name}_slope")], node.name)


def _leaky(nodes: OnnxNodes, node: Node, inputs: list[str]) -> str:
    return nodes.add("LeakyRelu", inputs, node.name, alpha=node.settings["slope"])


def _pad(nodes: OnnxNodes, node: Node, inputs: list[str]) -> str:
    sides = [0, 0, *node.settings["pad"]]
    return nodes.add(
        "Pad", [*inputs, nodes.constant(f"{node.name}_pads", sides + sides, np.int64)], node.name
    )


def _pool(kind: str, **settings: Any) -> Callable[[OnnxNodes, Node, list[str]], str]:
    return lambda nodes, node, inputs: nodes.add(kind, inputs, node.name, **_window(node), **settings)


def _upsample(nodes: OnnxNodes, node: Node, inputs: list[str]) -> str:
    if node.settings["interpolation"] != "bilinear":
        raise ValueError(f"the layer {node.name} has no ONNX form: it is not bilinear")
    scales = nodes.constant(f"{node.name}_scales", [1, 1, *node.settings["size"]])
    return nodes.add("Resize", [*inputs, "", scales], node.name, mode="linear",
                     coordinate_transformation_mode="half_pixel")  # fmt: skip


def _rescale(nodes: OnnxNodes, node: Node, inputs: list[str]) -> str:
    scaled = nodes.add(
        "Mul", [*inputs, nodes.constant(f"{node.name}_scale", node.settings["scale"])], node.name
    )
    return nodes.add(
        "Add", [scaled, nodes.constant(f"{node.name}_offset", node.settings["offset"])], node.name
    )


def _flatten(nodes: OnnxNodes, node: Node, inputs: list[str]) -> str:
    # Keras flattens height, width, channels, and the dense weights that follow are in that order.
    turned = nodes.add("Transpose", inputs, f"{node.name}_nhwc", perm=[0, 2, 3, 1])
    return nodes.add("Flatten", [turned], node.name)


def _global_avg_pool(nodes: OnnxNodes, node: Node, inputs: list[str]) -> str:
    return nodes.add("Flatten", [nodes.add("GlobalAveragePool", inputs, node.name)], node.name)


def _adain(nodes: OnnxNodes, node: Node, inputs: list[str]) -> str:
    axes = nodes.constant(f"{node.name}_axes", [2, 3], np.int64)
    features, *vectors = inputs
    scale, shift = (nodes.add("Unsqueeze", [vector, axes], f"{vector}_map") for vector in vectors)
    return nodes.add("Add", [nodes.add("Mul", [features, scale], f"{node.name}_scaled"), shift], node.name)


def _gate(nodes: OnnxNodes, node: Node, inputs: list[str]) -> str:
    target, decoder, mask = inputs
    rest = nodes.add("Sub", [nodes.constant(f"{node.name}_one", 1), mask], f"{node.name}_rest")
    target_part = nodes.add("Mul", [rest, target], f"{node.name}_kept")
    return nodes.add("Add", [target_part, nodes.add("Mul", [mask, decoder], f"{node.name}_new")], node.name)


def _plain(kind: str, **settings: Any) -> Callable[[OnnxNodes, Node, list[str]], str]:
    return lambda nodes, node, inputs: nodes.add(kind, inputs, node.name, **settings)


_EMITTERS: dict[str, Callable[[OnnxNodes, Node, list[str]], str]] = {
    "conv": _conv,
    "depthwise_conv": _conv,
    "dense": _dense,
    "instance_norm": _instance_norm,
    "batch_norm": _batch_norm,
    "prelu": _prelu,
    "leaky": _leaky,
    "relu": _plain("Relu"),
    "sigmoid": _plain("Sigmoid"),
    "pad": _pad,
    "avg_pool": _pool("AveragePool", count_include_pad=1),
    "max_pool": _pool("MaxPool"),
    "global_avg_map": _plain("GlobalAveragePool"),  # [B, C, 1, 1]
    "global_avg_pool": _global_avg_pool,
    "upsample": _upsample,
    "rescale": _rescale,
    "flatten": _flatten,
    "adain": _adain,
    "gate": _gate,
    "concat": _plain("Concat", axis=1),
    "add": _plain("Add"),
    "multiply": _plain("Mul"),
}
