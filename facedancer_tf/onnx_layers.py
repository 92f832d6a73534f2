"""Our Keras functional models as ONNX nodes: a short function for each kind of layer that they are made of.

Feature maps are NCHW, ONNX' own layout, [B, C, H, W]; vectors [B, C]; all float32, as with training=False. What a
layer computes is said in its own file, here is only how ONNX spells it. A node and its output bear the layer's name.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import onnx
from keras import activations, layers
from onnx import helper, numpy_helper

from networks.layers import (
    AffaGate,
    InstanceNormalization,
    MaskConv2D,
    PictureConv2D,
    PooledConv2D,
    UpsampledSum,
)


class OnnxNodes:
    """Nodes and constants in the making."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: Any, dtype: Any = np.float32) -> str:
        array = np.ascontiguousarray(keras.ops.convert_to_numpy(value), dtype).reshape(np.shape(value))
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Appends a node of the ONNX operator `kind`; returns its output's name, which is the node's too."""
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output


def emit_network(nodes: OnnxNodes, network: keras.Model, inputs: list[str]) -> str:
    """Appends all layers of a functional `network` that reads the tensors `inputs`; returns the output's name.

    Raises ValueError for a layer that has no ONNX form here, naming it.
    """
    names = {id(tensor): name for tensor, name in zip(network.inputs, inputs, strict=True)}
    for layer in network.layers:  # in the order of computation
        if isinstance(layer, layers.InputLayer):
            continue
        _require(layer, type(layer) in EMITTERS)
        tensors = layer.input if isinstance(layer.input, list) else [layer.input]
        sources = [names[id(tensor)] for tensor in tensors]
        names[id(layer.output)] = EMITTERS[type(layer)](nodes, layer, sources)
    return names[id(network.output)]


def _require(layer: Any, known: bool) -> None:
    if not known:
        raise ValueError(
            f"the layer {layer.name} ({type(layer).__name__}) has no ONNX form with these settings; "
            f"write one in {__name__}"
        )


def _pads(layer: Any, kernel: tuple[int, ...]) -> list[int]:
    """Top, left, bottom, right, as Keras pads: the odd pixel goes below and right."""
    if layer.padding == "valid":
        return [0, 0, 0, 0]
    totals = [
        max((-(-size // stride) - 1) * stride + extent - size, 0)
        for size, stride, extent in zip(layer.input.shape[1:3], layer.strides, kernel, strict=True)
    ]
    return [total // 2 for total in totals] + [total - total // 2 for total in totals]


def _weights(nodes: OnnxNodes, layer: Any, kernel: Any) -> list[str]:
    weights = [nodes.constant(f"{layer.name}_kernel", kernel)]
    if layer.use_bias:
        weights.append(nodes.constant(f"{layer.name}_bias", layer.bias))
    return weights


def _conv(nodes: OnnxNodes, layer: Any, inputs: list[str], kernel: np.ndarray, groups: int) -> str:
    """kernel: [filters, C / groups, h, w]."""
    _require(layer, layer.activation is activations.linear and tuple(layer.dilation_rate) == (1, 1))
    weights = _weights(nodes, layer, kernel)
    size = kernel.shape[2:]
    return nodes.add("Conv", inputs + weights, layer.name, kernel_shape=size, group=groups,
                     strides=layer.strides, pads=_pads(layer, size))  # fmt: skip


def _conv2d(nodes: OnnxNodes, layer: Any, inputs: list[str]) -> str:
    return _conv(nodes, layer, inputs, np.transpose(layer.kernel, (3, 2, 0, 1)), layer.groups)


def _pooled_conv2d(nodes: OnnxNodes, layer: Any, inputs: list[str]) -> str:
    """Averages first, as `PooledConv2D` does: a quarter of the convolution's work."""
    wide = layer.kernel_size == (3, 3)
    border, strides = ([1] * 4, (1, 1)) if wide else ([0] * 4, (2, 2))
    averages = nodes.add("AveragePool", inputs, f"{layer.name}_averages", kernel_shape=(2, 2), strides=strides,
                         pads=border, count_include_pad=1)  # fmt: skip
    weights = _weights(nodes, layer, np.transpose(layer.kernel, (3, 2, 0, 1)))
    return nodes.add("Conv", [averages, *weights], layer.name, strides=(2, 2) if wide else (1, 1))


def _mask_conv2d(nodes: OnnxNodes, layer: Any, inputs: list[str]) -> str:
    kernel = nodes.constant(f"{layer.name}_kernel", np.transpose(layer.kernel, (3, 2, 0, 1)))
    bias = nodes.constant(f"{layer.name}_bias", layer.bias)
    return nodes.add(
        "Sigmoid", [nodes.add("Conv", [*inputs, kernel, bias], f"{layer.name}_logits")], layer.name
    )


def _depthwise(nodes: OnnxNodes, layer: Any, inputs: list[str]) -> str:
    kernel = np.transpose(layer.kernel, (2, 3, 0, 1))  # [C, 1, h, w]
    _require(layer, kernel.shape[1] == 1)
    return _conv(nodes, layer, inputs, kernel, len(kernel))


def _dense(nodes: OnnxNodes, layer: Any, inputs: list[str]) -> str:
    _require(layer, layer.activation is activations.linear)
    return nodes.add("Gemm", inputs + _weights(nodes, layer, layer.kernel), layer.name)


def _instance_norm(nodes: OnnxNodes, layer: Any, inputs: list[str]) -> str:
    """And what our layer does after it: AdaIN where it is given scale and shift, LeakyReLU."""
    features, *adain = inputs
    leaky = layer.negative_slope != 1
    weights = [nodes.constant(f"{layer.name}_{kind}", getattr(layer, kind)) for kind in ("gamma", "beta")]
    normalised = f"{layer.name}_normalised" if adain or leaky else layer.name
    x = nodes.add("InstanceNormalization", [features, *weights], normalised, epsilon=layer.epsilon)
    if adain:
        axes = nodes.constant(f"{layer.name}_axes", [2, 3], np.int64)
        scale, shift = (nodes.add("Unsqueeze", [vector, axes], f"{vector}_map") for vector in adain)
        scaled = nodes.add("Mul", [x, scale], f"{layer.name}_scaled")
        x = nodes.add("Add", [scaled, shift], f"{layer.name}_shifted" if leaky else layer.name)
    return nodes.add("LeakyRelu", [x], layer.name, alpha=layer.negative_slope) if leaky else x


def _batch_norm(nodes: OnnxNodes, layer: Any, inputs: list[str]) -> str:
    gamma = layer.gamma if layer.scale else np.ones(layer.moving_mean.shape)
    beta = layer.beta if layer.center else np.zeros(layer.moving_mean.shape)
    statistics = {"gamma": gamma, "beta": beta, "mean": layer.moving_mean, "variance": layer.moving_variance}
    weights = [nodes.constant(f"{layer.name}_{kind}", value) for kind, value in statistics.items()]
    return nodes.add("BatchNormalization", inputs + weights, layer.name, epsilon=layer.epsilon)


def _prelu(nodes: OnnxNodes, layer: Any, inputs: list[str]) -> str:
    # relu(x) − alpha · relu(−x): ONNX Runtime's own PRelu took 7 of SFace's 11 ms on two CPU cores.
    slope = nodes.constant(f"{layer.name}_minus_alpha", -np.moveaxis(np.asarray(layer.alpha), -1, 0))
    above = nodes.add("Relu", inputs, f"{layer.name}_above")
    below = nodes.add("Relu", [nodes.add("Neg", inputs, f"{layer.name}_neg")], f"{layer.name}_below")
    return nodes.add("Add", [above, nodes.add("Mul", [below, slope], f"{layer.name}_slope")], layer.name)


def _activation(nodes: OnnxNodes, layer: Any, inputs: list[str]) -> str:
    kinds = {activations.relu: "Relu", activations.sigmoid: "Sigmoid"}
    _require(layer, layer.activation in kinds)
    return nodes.add(kinds[layer.activation], inputs, layer.name)


def _leaky_relu(nodes: OnnxNodes, layer: Any, inputs: list[str]) -> str:
    return nodes.add("LeakyRelu", inputs, layer.name, alpha=layer.negative_slope)


def _zero_padding(nodes: OnnxNodes, layer: Any, inputs: list[str]) -> str:
    (top, bottom), (left, right) = layer.padding
    pads = nodes.constant(f"{layer.name}_pads", [0, 0, top, left, 0, 0, bottom, right], np.int64)
    return nodes.add("Pad", [*inputs, pads], layer.name)


def _pooling(kind: str) -> Callable[[OnnxNodes, Any, list[str]], str]:
    def emit(nodes: OnnxNodes, layer: Any, inputs: list[str]) -> str:
        return nodes.add(kind, inputs, layer.name, kernel_shape=layer.pool_size, strides=layer.strides,
                         pads=_pads(layer, layer.pool_size))  # fmt: skip

    return emit


def _upsampling(nodes: OnnxNodes, layer: Any, inputs: list[str]) -> str:
    _require(layer, layer.interpolation == "bilinear")
    scales = nodes.constant(f"{layer.name}_scales", [1, 1, *layer.size])
    return nodes.add("Resize", [*inputs, "", scales], layer.name, mode="linear",
                     coordinate_transformation_mode="half_pixel")  # fmt: skip


def _upsampled_sum(nodes: OnnxNodes, layer: Any, inputs: list[str]) -> str:
    total = nodes.add("Add", inputs, f"{layer.name}_sum")
    return _upsampling(nodes, layer, [total])


def _rescaling(nodes: OnnxNodes, layer: Any, inputs: list[str]) -> str:
    scale = nodes.constant(f"{layer.name}_scale", layer.scale)
    scaled = nodes.add("Mul", [*inputs, scale], f"{layer.name}_scaled")
    return nodes.add("Add", [scaled, nodes.constant(f"{layer.name}_offset", layer.offset)], layer.name)


def _flatten(nodes: OnnxNodes, layer: Any, inputs: list[str]) -> str:
    # Keras flattens height, width, channels, and the dense weights that follow are in that order.
    return nodes.add(
        "Flatten", [nodes.add("Transpose", inputs, f"{layer.name}_nhwc", perm=[0, 2, 3, 1])], layer.name
    )


def _affa_gate(nodes: OnnxNodes, layer: Any, inputs: list[str]) -> str:
    target, decoder, mask = inputs
    one = nodes.constant(f"{layer.name}_one", 1)
    kept = nodes.add(
        "Mul", [nodes.add("Sub", [one, mask], f"{layer.name}_rest"), target], f"{layer.name}_kept"
    )
    return nodes.add("Add", [kept, nodes.add("Mul", [mask, decoder], f"{layer.name}_new")], layer.name)


def _concatenate(nodes: OnnxNodes, layer: Any, inputs: list[str]) -> str:
    return nodes.add("Concat", inputs, layer.name, axis=1)


def _plain(kind: str) -> Callable[[OnnxNodes, Any, list[str]], str]:
    return lambda nodes, layer, inputs: nodes.add(kind, inputs, layer.name)


EMITTERS: dict[type, Callable[[OnnxNodes, Any, list[str]], str]] = {
    layers.Conv2D: _conv2d,
    PictureConv2D: _conv2d,
    PooledConv2D: _pooled_conv2d,
    MaskConv2D: _mask_conv2d,
    UpsampledSum: _upsampled_sum,
    layers.DepthwiseConv2D: _depthwise,
    layers.Dense: _dense,
    InstanceNormalization: _instance_norm,
    layers.BatchNormalization: _batch_norm,
    layers.PReLU: _prelu,
    layers.Activation: _activation,
    layers.LeakyReLU: _leaky_relu,
    layers.ZeroPadding2D: _zero_padding,
    layers.AveragePooling2D: _pooling("AveragePool"),
    layers.MaxPooling2D: _pooling("MaxPool"),
    layers.UpSampling2D: _upsampling,
    layers.Rescaling: _rescaling,
    layers.Flatten: _flatten,
    AffaGate: _affa_gate,
    layers.Concatenate: _concatenate,
    layers.Add: _plain("Add"),
    layers.Multiply: _plain("Mul"),
}
