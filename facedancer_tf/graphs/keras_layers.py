"""Turns Keras layers into graph nodes, by their class names and configs, for files and for our own models.

Keras 2 (TensorFlow 2.0 to 2.15, with tensorflow-addons) and Keras 3 write the same things under almost the same
names; both are read here. Where possible, padding becomes a number of pixels on each side; activations become nodes of
their own. So two forms of one network give one graph.
"""

from collections.abc import Sequence

import keras

from facedancer_tf.graphs import keras_weighted_layers as weighted
from facedancer_tf.graphs.graph import Graph, GraphError, Node
from facedancer_tf.graphs.keras_settings import (
    Arrays,
    Config,
    Reader,
    pair,
    require_channels_last,
    window,
    with_activation,
)

# Only in these packages does a layer's class name mean what it means here: Keras' own, tensorflow-addons', ours, none.
PACKAGES = {"", "Addons", "Custom", "facedancer_tf"}
TWICE = "several outputs or is called several times: each call needs a layer of its own"


def layer_node(class_name: str, config: Config, name: str, inputs: Sequence[Node], arrays: Arrays) -> Node:
    """The node, or the last of several nodes, for a layer with these inputs and weights.

    Raises GraphError for a layer that none of the networks here has; nothing in `config` is ever executed.
    """
    package, _, kind = class_name.rpartition(">")
    if kind not in _LAYERS or package not in PACKAGES:
        code = ", which is code and is not run" if kind in ("Lambda", "TFOpLambda", "SlicingOpLambda") else ""
        operation = config.get("function") if isinstance(config.get("function"), str) else None
        what = f"{class_name} {operation}" if operation else class_name
        raise GraphError(f"its layer {name!r} is a {what}{code}; none of the networks here has one")
    try:
        return _LAYERS[kind](config, name, list(inputs), arrays)
    except (LookupError, TypeError, ValueError, OverflowError) as error:
        if isinstance(error, GraphError):
            raise
        raise GraphError(f"the settings of its layer {name!r} cannot be read ({error!r})") from error


def model_graph(model: keras.Model) -> Graph:
    """The graph of one of our own functional models; nodes with weights have the names of their layers.

    Raises GraphError, which names it, for a layer that is not known here, or an operation outside of layers.
    """
    nodes: dict[int, Node] = {}
    inputs = []
    for tensor in model.inputs:
        node = Node("input", tensor.name, settings={"shape": tuple(tensor.shape[1:])})
        nodes[id(tensor)] = node
        inputs.append(node)
    for layer in model.operations:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        if not isinstance(layer, keras.layers.Layer):
            raise GraphError(f"its operation {layer.name!r} is outside of all layers; make it a layer")
        call = layer._inbound_nodes[0]
        if any(id(x) not in nodes for x in call.input_tensors) or len(call.output_tensors) != 1:
            raise GraphError(f"its layer {layer.name!r}, or one before it, has {TWICE}")
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
    if id(model.outputs[0]) not in nodes:
        raise GraphError(f"its output comes from a layer that has {TWICE}")
    return Graph(inputs, nodes[id(model.outputs[0])])


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
    return with_activation(inputs[0], config, name)


def _pad(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    (top, bottom), (left, right) = (pair(side) for side in config["padding"])
    if (top, left) != (bottom, right):
        raise GraphError(f"its layer {name!r} pads unevenly")
    return Node("pad", name, inputs, {"pad": (top, left)})


def _pool(op: str) -> Reader:
    def pool(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
        require_channels_last(config, name)
        size = pair(config["pool_size"])
        strides = config.get("strides") or size
        padding = (
            "valid" if pair(strides) == size else config["padding"]
        )  # both paddings are equal on maps whose sides the pool divides
        settings, inputs = window({"strides": strides, "padding": padding}, size, inputs)
        return Node(op, name, inputs, settings)

    return pool


def _upsample(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    return Node(
        "upsample", name, inputs, {"size": pair(config["size"]), "interpolation": config["interpolation"]}
    )


def _rescale(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    return Node("rescale", name, inputs, {"scale": float(config["scale"]), "offset": float(config["offset"])})


def _global_pool(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    return Node("global_avg_map" if config.get("keepdims") else "global_avg_pool", name, inputs)


def _concat(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    if config.get("axis", -1) not in (-1, 3):
        raise GraphError(f"its layer {name!r} joins along axis {config['axis']}, not the channels")
    return Node("concat", name, inputs)


def _plain(op: str) -> Reader:
    return lambda config, name, inputs, arrays: Node(op, name, inputs)


def _flatten(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    require_channels_last(config, name)
    return Node("flatten", name, inputs)


def _nothing(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    return inputs[0]  # dropout and similar layers do nothing outside training


def _tf_operation(config: Config, name: str, inputs: list[Node], arrays: Arrays) -> Node:
    """Reads a TFOpLambda, which names a TensorFlow operation; only the product of do_affa's two masks is known here."""
    if config.get("function") not in ("math.multiply", "__operators__.mul", "multiply") or len(inputs) != 2:
        raise GraphError(
            f"its layer {name!r} is the operation {config.get('function')}, which none of the networks here has"
        )
    return Node("multiply", name, inputs)


_LAYERS: dict[str, Reader] = {
    "Conv2D": weighted.read_conv,
    "PooledConv2D": weighted.read_pooled_conv,
    "MaskConv2D": weighted.read_mask_conv,
    "PictureConv2D": weighted.read_conv,
    "DepthwiseConv2D": weighted.read_depthwise,
    "Dense": weighted.read_dense,
    "InstanceNormalization": weighted.read_instance_norm,
    "BatchNormalization": weighted.read_batch_norm,
    "BatchNormalizationV1": weighted.read_batch_norm,
    "SyncBatchNormalization": weighted.read_batch_norm,
    "AdaIN": weighted.read_adain,
    "AffaGate": _gate,
    "AdaptiveAttention": _released_gate,
    "LeakyReLU": _leaky,
    "ReLU": _relu,
    "PReLU": weighted.read_prelu,
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
    "Flatten": _flatten,
    "Dropout": _nothing,
    "TFOpLambda": _tf_operation,
}
