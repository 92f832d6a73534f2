"""Keras layers as graph nodes: what a layer's class name and config mean, for files and for our own models.

Keras 2 (TensorFlow 2.0 to 2.15, with tensorflow-addons) and Keras 3 write the same things under almost the same
names; both are read here. Padding becomes a number of pixels on each side where it can, and activations become
nodes of their own, so that two ways of writing one network give one graph.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from facedancer_tf.importing.graph import ROLES, Graph, GraphError, Node

Config = Mapping[str, Any]
Arrays = Mapping[str, np.ndarray]  # by leaf name: kernel, bias, gamma …


def layer_node(class_name: str, config: Config, name: str, inputs: Sequence[Node], arrays: Arrays) -> Node:
    """The node, or the last of the nodes, that a layer with these inputs and weights stands for.

    Raises GraphError for a layer that none of the networks here has; nothing in `config` is ever executed.
    """
    kind = class_name.rsplit(">", 1)[-1]
    if kind not in _LAYERS:
        code = ", which is code and is not run" if kind in ("Lambda", "TFOpLambda", "SlicingOpLambda") else ""
        operation = config.get("function") if isinstance(config.get("function"), str) else None
        what = f"{kind} {operation}" if operation else kind
        raise GraphError(f"its layer {name!r} is a {what}{code}; none of the networks here has one")
    try:
        return _LAYERS[kind](config, name, list(inputs), arrays)
    except (KeyError, IndexError, TypeError) as error:
        raise GraphError(f"the settings of its layer {name!r} cannot be read ({error!r})") from error


def model_graph(model: keras.Model) -> Graph:
    """One of our own functional models as a graph; nodes with weights are named as their layers."""
    nodes: dict[int, Node] = {}
    inputs = []
    for tensor in model.inputs:
        node = Node("input", tensor.name, settings={"shape": tuple(tensor.shape[1:])})
        nodes[id(tensor)] = node
        inputs.append(node)
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        call = layer._inbound_nodes[0]
        roles = [weight.path.rsplit("/", 1)[-1] for weight in layer.weights]
        arrays = dict(zip(roles, layer.get_weights(), strict=True))
        node = layer_node(
            type(layer).__name__,
            layer.get_config(),
            layer.name,
            [nodes[id(x)] for x in call.input_tensors],
            arrays,
        )
        nodes[id(call.output_tensors[0])] = node
    return Graph(inputs, nodes[id(model.outputs[0])])


def _weighted(op: str, name: str, inputs: list[Node], settings: dict[str, Any], arrays: Arrays,
              leaves: Mapping[str, str] | None = None) -> Node:  # fmt: skip
    """A node with weights, its roles taken from the leaf names (where those differ, `leaves` says which they are)."""
    found = {}
    for role in ROLES[op]:
        leaf = (leaves or {}).get(role, role)
        if leaf in arrays:
            found[role] = arrays[leaf]
    return Node(op, name, inputs, settings, found)


def _check_width(node: Node, width: int) -> Node:
    kernel = node.weights.get("kernel")
    if kernel is not None and kernel.shape[-1:] != (width,):
        raise GraphError(
            f"the kernel of {node.name!r} has the shape {kernel.shape}, but its layer has {width} filters"
        )
    return node


def _activated(node: Node, config: Config, name: str) -> Node:
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


def _pair(value: Any) -> tuple[int, int]:
    pair = tuple(value) if isinstance(value, (list, tuple)) else (value, value)
    return int(pair[0]), int(pair[1])


def _channels_last(config: Config, name: str) -> None:
    if config.get("data_format", "channels_last") not in ("channels_last", None):
        raise GraphError(f"its layer {name!r} has the data format {config['data_format']}, not channels_last")


def _window(config: Config, size: tuple[int, int], inputs: list[Node]) -> tuple[dict[str, Any], list[Node]]:
    """Size, strides and padding of a convolution; a zero padding before it becomes part of it."""
    strides, padding = _pair(config.get("strides") or 1), config["padding"]
    pad: Any = padding
    if padding == "valid":
        pad = (0, 0)
        if inputs[0].op == "pad":
            pad, inputs = inputs[0].settings["pad"], inputs[0].inputs
    elif padding == "same" and strides == (1, 1) and size[0] % 2 and size[1] % 2:
        pad = (size[0] // 2, size[1] // 2)
    return {"size": size, "strides": strides, "pad": pad}, inputs


def _with_bias(node: Node, config: Config) -> Node:
    if not config.get("use_bias", True) and "kernel" in node.weights:
        kernel = node.weights["kernel"]
        width = kernel.shape[-1] if node.op != "depthwise_conv" else kernel.shape[-2] * kernel.shape[-1]
        node.weights["bias"] = np.zeros(width, np.float32)
    return _activated(node, config, node.name)


def _conv(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    _channels_last(config, name)
    settings, inputs = _window(config, _pair(config["kernel_size"]), inputs)
    settings |= {"filters": int(config["filters"]), "groups": int(config.get("groups", 1)),
                 "dilation": _pair(config.get("dilation_rate", 1))}  # fmt: skip
    node = _check_width(_weighted("conv", name, inputs, settings, arrays), settings["filters"])
    return _with_bias(node, config)


def _depthwise(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    _channels_last(config, name)
    settings, inputs = _window(config, _pair(config["kernel_size"]), inputs)
    settings |= {"dilation": _pair(config.get("dilation_rate", 1))}
    kernel = "kernel" if "kernel" in arrays else "depthwise_kernel"  # Keras 3, Keras 2
    return _with_bias(_weighted("depthwise_conv", name, inputs, settings, arrays, {"kernel": kernel}), config)


def _dense(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    units = int(config["units"])
    return _with_bias(_check_width(_weighted("dense", name, inputs, {"units": units}, arrays), units), config)


def _instance_norm(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    axis = config.get("axis", -1)
    if axis not in (-1, 3) or config.get("center") is False or config.get("scale") is False:
        raise GraphError(f"its layer {name!r} does not normalise channels with gamma and beta (axis {axis})")
    return _weighted("instance_norm", name, inputs, {"epsilon": float(config["epsilon"])}, arrays)


def _batch_norm(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    axis = config.get("axis", -1)
    if (axis[0] if isinstance(axis, (list, tuple)) else axis) not in (-1, 1, 3):
        raise GraphError(f"its layer {name!r} normalises axis {axis}, not the channels")
    node = _weighted(
        "batch_norm", name, inputs, {}, arrays, {"mean": "moving_mean", "variance": "moving_variance"}
    )
    if "mean" in node.weights:
        mean = node.weights["mean"]
        if not config.get("scale", True):
            node.weights["gamma"] = np.ones_like(mean)
        if not config.get("center", True):
            node.weights["beta"] = np.zeros_like(mean)
    node.weights["epsilon"] = np.float64(config["epsilon"])  # type: ignore[assignment]
    return node


def _adain(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    """The released AdaIN holds its two dense layers itself (inputs: features, identity); ours is given them."""
    if len(inputs) == 3:
        return Node("adain", name, inputs)
    features, identity = inputs
    dense = []
    for number, part in enumerate(("scale", "shift")):
        own = {
            leaf: arrays[f"{number}/{leaf}"] for leaf in ("kernel", "bias") if f"{number}/{leaf}" in arrays
        }
        units = own["bias"].shape[0] if "bias" in own else 0
        dense.append(Node("dense", f"{name} ({part})", [identity], {"units": units}, own))
    return Node("adain", name, [features, *dense])


def _normalised(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    """Ours does what follows the normalisation as well: AdaIN where it has three inputs, then LeakyReLU."""
    node = _instance_norm(config, name, inputs[:1], arrays)
    if len(inputs) == 3:
        node = _adain(config, name, [node, *inputs[1:]], {})
    slope = float(config.get("negative_slope", 1))
    return node if slope == 1 else Node("leaky", name, [node], {"slope": slope})


def _pooled_conv(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    return Node(
        "avg_pool",
        name,
        [_conv(config, name, inputs, arrays)],
        {"size": (2, 2), "strides": (2, 2), "pad": (0, 0)},
    )


def _mask_conv(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    return Node("sigmoid", name, [_conv(config, name, inputs, arrays)])


def _upsampled_sum(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    doubled = [Node("upsample", name, [x], {"size": (2, 2), "interpolation": "bilinear"}) for x in inputs]
    return Node("add", name, doubled)


def _gate(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    target, decoder, mask = inputs
    return Node("gate", name, [target, decoder, mask])


def _released_gate(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    mask, target, decoder = inputs
    return Node("gate", name, [target, decoder, mask])


def _leaky(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    slope = config["negative_slope"] if "negative_slope" in config else config["alpha"]
    return Node("leaky", name, inputs, {"slope": float(slope)})


def _relu(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    if config.get("max_value") is not None or config.get("threshold"):
        raise GraphError(f"its layer {name!r} is a clipped or shifted ReLU")
    slope = float(config.get("negative_slope") or 0.0)
    return Node("leaky", name, inputs, {"slope": slope}) if slope else Node("relu", name, inputs)


def _activation(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    return _activated(inputs[0], config, name)


def _prelu(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    return _weighted("prelu", name, inputs, {}, arrays, {"slope": "alpha"})


def _pad(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    (top, bottom), (left, right) = (_pair(side) for side in config["padding"])
    if (top, left) != (bottom, right):
        raise GraphError(f"its layer {name!r} pads unevenly")
    return Node("pad", name, inputs, {"pad": (top, left)})


def _pool(op: str) -> Callable[[Config, str, list[Node], Arrays], Node]:
    def pool(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
        _channels_last(config, name)
        size = _pair(config["pool_size"])
        strides = config.get("strides") or size
        padding = (
            "valid" if _pair(strides) == size else config["padding"]
        )  # alike on maps that the pool divides
        settings, inputs = _window({"strides": strides, "padding": padding}, size, inputs)
        return Node(op, name, inputs, settings)

    return pool


def _upsample(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    return Node(
        "upsample", name, inputs, {"size": _pair(config["size"]), "interpolation": config["interpolation"]}
    )


def _rescale(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    return Node("rescale", name, inputs, {"scale": float(config["scale"]), "offset": float(config["offset"])})


def _global_pool(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    return Node("global_avg_pool", name, inputs)


def _concat(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    if config.get("axis", -1) not in (-1, 3):
        raise GraphError(f"its layer {name!r} joins along axis {config['axis']}, not the channels")
    return Node("concat", name, inputs)


def _plain(op: str) -> Callable[[Config, str, list[Node], Arrays], Node]:
    return lambda config, name, inputs, arrays: Node(op, name, inputs)


def _nothing(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    return inputs[0]  # dropout and the like: nothing happens outside training


def _tf_operation(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    """TFOpLambda names one TensorFlow operation; of these only the product of do_affa's two masks is known here."""
    if config.get("function") not in ("math.multiply", "__operators__.mul", "multiply") or len(inputs) != 2:
        raise GraphError(
            f"its layer {name!r} is the operation {config.get('function')}, which none of the networks here has"
        )
    return Node("multiply", name, inputs)


_LAYERS: dict[str, Callable[[Config, str, list[Node], Arrays], Node]] = {
    "Conv2D": _conv,
    "PooledConv2D": _pooled_conv,
    "MaskConv2D": _mask_conv,
    "PictureConv2D": _conv,
    "DepthwiseConv2D": _depthwise,
    "Dense": _dense,
    "InstanceNormalization": _normalised,
    "BatchNormalization": _batch_norm,
    "BatchNormalizationV1": _batch_norm,
    "SyncBatchNormalization": _batch_norm,
    "AdaIN": _adain,
    "AffaGate": _gate,
    "AdaptiveAttention": _released_gate,
    "LeakyReLU": _leaky,
    "ReLU": _relu,
    "PReLU": _prelu,
    "Activation": _activation,
    "ZeroPadding2D": _pad,
    "AveragePooling2D": _pool("avg_pool"),
    "MaxPooling2D": _pool("max_pool"),
    "GlobalAveragePooling2D": _global_pool,
    "UpSampling2D": _upsample,
    "Rescaling": _rescale,
    "Add": _plain("add"),
    "UpsampledSum": _upsampled_sum,
    "Multiply": _plain("multiply"),
    "Concatenate": _concat,
    "Flatten": _plain("flatten"),
    "Dropout": _nothing,
    "TFOpLambda": _tf_operation,
}
