"""Turns ONNX operations with weights into graph nodes: convolutions, dense layers, PReLUs; folds scales where exact.

A batch norm, or any product or sum with constants per channel, is x · scale + shift. After a convolution or a dense
layer it is folded into that layer's weights. At the picture it becomes a rescaling. Before a flatten it goes into the
dense layer after the flatten. Everywhere else it stays a batch norm. Products are computed in float64.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from facedancer_tf.graphs.graph import ROLES, GraphError, Node
from facedancer_tf.importing.onnx_file import Operation

KERNEL_CEILING = 1 << 24  # values of a grouped convolution's kernel with the zeros between its groups
FOLDING = ("conv", "depthwise_conv", "dense", "batch_norm")


@dataclass(frozen=True)
class Feature:
    """A tensor that depends on the picture.

    node: gives it. axes: in the file's order ("NCHW", "NHWC" or "NC"). sizes: by axis; N is -1 where the file leaves it
    open.
    """

    node: Node
    axes: str
    sizes: Mapping[str, int]


def apply_scale(x: Feature, scale: np.ndarray, shift: np.ndarray, name: str) -> Feature:
    """x · scale + shift; both are float64 vectors over the channels."""
    node = x.node
    if node.op in ("input", "rescale"):
        if np.ptp(scale) or np.ptp(shift):
            raise GraphError(f"its node {name!r} scales the channels of its pictures differently")
        before = node.settings if node.op == "rescale" else {"scale": 1.0, "offset": 0.0}
        settings = {
            "scale": float(before["scale"] * scale[0]),
            "offset": float(before["offset"] * scale[0] + shift[0]),
        }
        inputs = node.inputs if node.op == "rescale" else [node]
        return replace(x, node=Node("rescale", name, inputs, settings))
    if node.op not in FOLDING:
        zeros = np.zeros_like(shift)
        identity = {
            "gamma": zeros + 1,
            "beta": zeros,
            "mean": zeros,
            "variance": zeros + 1,
            "epsilon": np.float64(0),
        }
        node = Node("batch_norm", name, [node], {}, identity)  # type: ignore[arg-type]
    factor, term = ROLES[node.op][:2]  # kernel and bias, or gamma and beta
    weights = dict(node.weights)
    weights[factor] = _single(weights[factor] * (scale[:, None] if node.op == "depthwise_conv" else scale))
    weights[term] = _single(weights[term] * scale + shift)
    return replace(x, node=Node(node.op, node.name, node.inputs, node.settings, weights))


def _single(values: np.ndarray) -> np.ndarray:
    """`values` as float32; values too large for it become infinite, which `graph.match` refuses."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def batch_norm(op: Operation, x: Feature, weights: list[np.ndarray | None]) -> Feature:
    channels = x.sizes["C"]
    if x.axes[1] != "C" or op.settings.get("training_mode"):
        raise GraphError(f"its node {op.name!r} does not normalise channels by stored statistics")
    gamma, beta, mean, variance = (
        _weight(op, weights, place, (channels,)).astype(np.float64) for place in range(4)
    )
    variance = variance + op.settings.get("epsilon", 1e-5)
    if (variance <= 0).any():
        raise GraphError(f"its node {op.name!r} has a variance that is not positive")
    scale = gamma / np.sqrt(variance)
    return apply_scale(x, scale, beta - mean * scale, op.name)


def convolution(op: Operation, x: Feature, weights: list[np.ndarray | None]) -> Feature:
    """Reads a convolution; ONNX has kernels as [out, in of a group, rows, columns]."""
    kernel, channels = _weight(op, weights, 0, (None,) * 4), x.sizes["C"]
    out, of_group, rows, columns = kernel.shape
    groups = int(op.settings.get("group", 1))
    if x.axes != "NCHW" or groups < 1 or out % groups or of_group * groups != channels:
        raise GraphError(
            f"its node {op.name!r} has a kernel of shape {kernel.shape} in {groups} groups for {channels} channels"
        )
    biased = len(weights) > 1 and weights[1] is not None
    bias = _weight(op, weights, 1, (out,)) if biased else np.zeros(out, np.float32)
    window, source, sizes = _window(op, x, (rows, columns))
    if groups == channels == out and groups > 1:
        node = Node("depthwise_conv", op.name, [source], window, {"kernel": kernel.transpose(2, 3, 0, 1)})
    else:
        window |= {"filters": out, "groups": 1}
        full = kernel if groups == 1 else _ungrouped(op, kernel, groups)
        node = Node("conv", op.name, [source], window, {"kernel": full.transpose(2, 3, 1, 0)})
    node.weights["bias"] = bias
    return Feature(node, "NCHW", {**sizes, "C": out})


def _ungrouped(op: Operation, kernel: np.ndarray, groups: int) -> np.ndarray:
    """Turns the kernel of a grouped convolution into an ordinary one, with zeros between the groups."""
    out, of_group, rows, columns = kernel.shape
    if kernel.size * groups > KERNEL_CEILING:
        raise GraphError(f"its node {op.name!r} has {groups} groups, too many to be written out")
    full = np.zeros((out, of_group * groups, rows, columns), np.float32)
    for group in range(groups):
        outs = slice(group * out // groups, (group + 1) * out // groups)
        full[outs, group * of_group : (group + 1) * of_group] = kernel[outs]
    return full


def _window(op: Operation, x: Feature, size: tuple[int, int]) -> tuple[dict[str, Any], Node, dict[str, int]]:
    """Size, strides, padding (with a zero padding before it) and dilation; the node to read; the new sizes."""
    strides, dilation = (tuple(op.settings.get(key, (1, 1))) for key in ("strides", "dilations"))
    automatic = op.settings.get("auto_pad", "NOTSET")
    pads = list(op.settings.get("pads", (0, 0, 0, 0)))
    if automatic.startswith("SAME") and strides == (1, 1) and size[0] % 2 and size[1] % 2:
        pads = [dilation[0] * (size[0] // 2), dilation[1] * (size[1] // 2)] * 2
    elif automatic not in ("NOTSET", "VALID"):
        raise GraphError(f"its node {op.name!r} pads by {automatic[:20]!r}, unevenly")
    if (len(pads), len(strides), len(dilation)) != (4, 2, 2) or min(*strides, *dilation, *size) < 1:
        raise GraphError(f"its node {op.name!r} does not slide over rows and columns")
    if pads[:2] != pads[2:] or min(pads) < 0:
        raise GraphError(f"its node {op.name!r} pads unevenly, by {pads}")
    sizes = dict(x.sizes)
    for place, axis in enumerate("HW"):
        reach = dilation[place] * (size[place] - 1) + 1
        sizes[axis] = (sizes[axis] + 2 * pads[place] - reach) // strides[place] + 1
    if min(sizes["H"], sizes["W"]) < 1:
        raise GraphError(f"its node {op.name!r} has a window larger than its input")
    source, pad = x.node, (pads[0], pads[1])
    if source.op == "pad":
        rows, columns = source.settings["pad"]
        source, pad = source.inputs[0], (pad[0] + rows, pad[1] + columns)
    return {"size": size, "strides": strides, "pad": pad, "dilation": dilation}, source, sizes


def gemm(op: Operation, x: Feature, weights: list[np.ndarray | None]) -> Feature:
    if op.settings.get("transA"):
        raise GraphError(f"its node {op.name!r} turns its input around")
    kernel = _weight(op, weights, 0, (None, None)) * np.float32(op.settings.get("alpha", 1.0))
    kernel = kernel.T if op.settings.get("transB") else kernel
    units = kernel.shape[1]
    bias, constant = np.zeros(units, np.float32), weights[1] if len(weights) > 1 else None
    if constant is not None:
        if constant.shape not in ((), (1,), (1, 1), (units,), (1, units)):
            raise GraphError(f"its node {op.name!r} has a bias of shape {constant.shape} for {units} units")
        bias += constant.reshape(-1) * np.float32(op.settings.get("beta", 1.0))
    return _dense(op, x, kernel, bias)


def matmul(op: Operation, x: Feature, weights: list[np.ndarray | None]) -> Feature:
    kernel = _weight(op, weights, 0, (None, None))
    return _dense(op, x, kernel, np.zeros(kernel.shape[1], np.float32))


def _dense(op: Operation, x: Feature, kernel: np.ndarray, bias: np.ndarray) -> Feature:
    """Reads a dense layer, kernel [in, out]. After a flatten, its rows are sorted to rows, columns, channels."""
    if x.axes != "NC" or kernel.shape[0] != x.sizes["C"]:
        raise GraphError(f"its node {op.name!r} has a kernel of shape {kernel.shape} for {dict(x.sizes)}")
    source, units = x.node, kernel.shape[1]
    if source.op == "flatten":
        order, sizes = source.settings["axes"], source.settings["sizes"]
        kernel = kernel.reshape(*(sizes[axis] for axis in order), units)
        kernel = kernel.transpose(*(order.index(axis) for axis in "HWC"), 3)
        before = source.inputs[0]
        if before.op == "batch_norm":
            precise = kernel.astype(np.float64)
            bias = _single(bias + np.einsum("hwcu,c->u", precise, before.weights["beta"]))
            kernel = _single(precise * before.weights["gamma"][:, None])
            source = Node("flatten", source.name, before.inputs, source.settings)
        kernel = kernel.reshape(-1, units)
    node = Node("dense", op.name, [source], {"units": units}, {"kernel": kernel, "bias": bias})
    return Feature(node, "NC", {"N": x.sizes["N"], "C": units})


def prelu(op: Operation, x: Feature, weights: list[np.ndarray | None]) -> Feature:
    """Reads a PReLU with one slope for all or one per channel.

    MXNet writes the latter as [C], which by ONNX' rules would be one slope per column.
    """
    slope, channels = weights[0] if weights else None, x.sizes["C"]
    shapes = [(channels, 1, 1), (1, channels, 1, 1), (channels,)]
    if slope is None or x.axes != "NCHW" or (slope.size != 1 and slope.shape not in shapes):
        raise GraphError(
            f"its node {op.name!r} does not have a constant slope for each of {channels} channels"
        )
    if slope.shape == (channels,) and channels == x.sizes["W"] and channels > 1:
        raise GraphError(f"its node {op.name!r} has slopes that may be the columns' or the channels'")
    slopes = np.broadcast_to(slope.reshape(-1), channels).reshape(1, 1, channels)
    return replace(x, node=Node("prelu", op.name, [x.node], {}, {"slope": slopes}))


def _weight(
    op: Operation, weights: list[np.ndarray | None], place: int, shape: tuple[int | None, ...]
) -> np.ndarray:
    """The constant input number `place` after the feature; None in `shape` stands for any size but 0."""
    value = weights[place] if place < len(weights) else None
    if value is None or value.dtype != np.float32:
        raise GraphError(f"its node {op.name!r} lacks a constant weight as input {place + 1}")
    fits = len(value.shape) == len(shape) and all(
        size == expected or (expected is None and size)
        for size, expected in zip(value.shape, shape, strict=True)
    )
    if not fits:
        expected_shape = " × ".join("any" if size is None else str(size) for size in shape)
        raise GraphError(f"its node {op.name!r} has a weight of shape {value.shape}, not {expected_shape}")
    return value
