"""Turns Keras layers with weights into graph nodes; our own fused layers become several plain nodes."""

import numpy as np

from facedancer_tf.graphs.graph import GraphError, Node
from facedancer_tf.graphs.keras_settings import (
    Arrays,
    Config,
    check_width,
    pair,
    require_channels_last,
    weighted_node,
    window,
    with_bias,
)


def read_conv(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    require_channels_last(config, name)
    settings, inputs = window(config, pair(config["kernel_size"]), inputs)
    settings |= {"filters": int(config["filters"]), "groups": int(config.get("groups", 1)),
                 "dilation": pair(config.get("dilation_rate", 1))}  # fmt: skip
    node = check_width(weighted_node("conv", name, inputs, settings, arrays), settings["filters"])
    return with_bias(node, config)


def read_depthwise(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    require_channels_last(config, name)
    settings, inputs = window(config, pair(config["kernel_size"]), inputs)
    settings |= {"dilation": pair(config.get("dilation_rate", 1))}
    kernel = "kernel" if "kernel" in arrays else "depthwise_kernel"  # Keras 3, Keras 2
    return with_bias(
        weighted_node("depthwise_conv", name, inputs, settings, arrays, {"kernel": kernel}), config
    )


def read_dense(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    units = int(config["units"])
    return with_bias(
        check_width(weighted_node("dense", name, inputs, {"units": units}, arrays), units), config
    )


def _instance_norm(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    axis = config.get("axis", -1)
    if axis not in (-1, 3) or config.get("center") is False or config.get("scale") is False:
        raise GraphError(f"its layer {name!r} does not normalise channels with gamma and beta (axis {axis})")
    return weighted_node("instance_norm", name, inputs, {"epsilon": float(config["epsilon"])}, arrays)


def read_batch_norm(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    axis = config.get("axis", -1)
    if (axis[0] if isinstance(axis, (list, tuple)) else axis) not in (-1, 1, 3):
        raise GraphError(f"its layer {name!r} normalises axis {axis}, not the channels")
    node = weighted_node(
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


def read_adain(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    """Reads AdaIN. The released one (inputs: features, identity) holds two dense layers; ours reads their outputs."""
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


def read_instance_norm(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    """Reads instance norm. Ours also does what follows: AdaIN where it has three inputs, then LeakyReLU."""
    node = _instance_norm(config, name, inputs[:1], arrays)
    if len(inputs) == 3:
        node = read_adain(config, name, [node, *inputs[1:]], {})
    slope = float(config.get("negative_slope", 1))
    return node if slope == 1 else Node("leaky", name, [node], {"slope": slope})


def read_pooled_conv(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    return Node(
        "avg_pool",
        name,
        [read_conv(config, name, inputs, arrays)],
        {"size": (2, 2), "strides": (2, 2), "pad": (0, 0)},
    )


def read_mask_conv(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    return Node("sigmoid", name, [read_conv(config, name, inputs, arrays)])


def read_prelu(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    return weighted_node("prelu", name, inputs, {}, arrays, {"slope": "alpha"})
