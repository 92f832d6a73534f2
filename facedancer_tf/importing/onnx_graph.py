"""Reads an ONNX network into a graph of plain operations, whatever tool wrote it; nothing of it is ever executed.

Every node is read as data. Weights that the file holds quantised or reshaped are computed. Batch norms are folded where
that is exact (see onnx_layers.py). Of reshapes and transpositions only the new order of axes is kept. Kernels get
Keras' layout. So two forms of one network give one graph, which `graph.match` compares with our own.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from facedancer_tf.graphs.graph import Graph, GraphError, Node
from facedancer_tf.importing.onnx_constants import axes_of, constant_result
from facedancer_tf.importing.onnx_file import OnnxFile, Operation
from facedancer_tf.importing.onnx_layers import (
    Feature,
    apply_scale,
    batch_norm,
    convolution,
    gemm,
    matmul,
    prelu,
)

Value = np.ndarray | Feature | None  # None: an optional input that is not there
BYTES_MADE_CEILING = 2 << 30  # of all arrays that are computed from the file's
FLOAT_TYPES = (1, 10, 11, 16)  # float, float16, double, bfloat16 as TensorProto numbers them


def read_onnx_graph(file: OnnxFile) -> Graph:
    """Reads the network in `file`, from its one picture input to its one output.

    Raises GraphError, which names the place, for an operation that no encoder here has, and for a tensor that is
    missing or has the wrong shape.
    """
    picture = _picture(file)
    values: dict[str, Value] = {**file.tensors, file.input_name: picture, "": None}
    bytes_made = 0
    for op in file.operations:
        missing = [name for name in op.inputs if name not in values]
        if missing:
            raise GraphError(f"its node {op.name!r} reads {missing[0][:80]!r}, which nothing before it gives")
        result = _result(op, [values[name] for name in op.inputs])
        bytes_made += result.nbytes if isinstance(result, np.ndarray) else _bytes(result.node)
        if bytes_made > BYTES_MADE_CEILING:
            raise GraphError("its network takes more memory than any encoder here")
        if op.outputs:
            values[op.outputs[0]] = result
    output = values.get(file.output_name)
    if not isinstance(output, Feature):
        raise GraphError(f"its output {file.output_name[:80]!r} does not depend on its input")
    return Graph([picture.node], output.node)


def _bytes(node: Node) -> int:
    return sum(array.nbytes for array in node.weights.values())


def _picture(file: OnnxFile) -> Feature:
    shape = file.input_shape
    if len(shape) != 4 or 3 not in (shape[1], shape[3]):
        raise GraphError(f"its input is not a picture of three channels but has the shape {shape[:8]}")
    axes = "NCHW" if shape[1] == 3 else "NHWC"
    sizes = {axis: size or -1 for axis, size in zip(axes, shape, strict=True)}
    if min(sizes["H"], sizes["W"]) < 1:
        raise GraphError("the size of its input is left open")
    node = Node("input", file.input_name[:80], settings={"shape": (sizes["H"], sizes["W"], 3)})
    return Feature(node, axes, sizes)


def _result(op: Operation, inputs: list[Value]) -> np.ndarray | Feature:
    if not any(isinstance(value, Feature) for value in inputs):
        arrays = [value for value in inputs if isinstance(value, np.ndarray)]
        return constant_result(op.kind, op.name, op.settings, arrays)
    if op.kind in ("Add", "Sub", "Mul", "Div") and len(inputs) == 2:
        return _arithmetic(op, inputs[0], inputs[1])
    x, *others = inputs
    if op.kind not in _OPERATIONS:
        raise GraphError(f"its node {op.name!r} is a {op.kind}; none of the encoders here has one")
    constants = [value for value in others if value is None or isinstance(value, np.ndarray)]
    if not isinstance(x, Feature) or len(constants) < len(others):
        raise GraphError(f"its node {op.name!r}, a {op.kind}, has weights that depend on the picture")
    try:
        return _OPERATIONS[op.kind](op, x, constants)
    except GraphError:
        raise
    except (TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise GraphError(f"the settings of its node {op.name!r}, a {op.kind}, cannot be read") from error


def _arithmetic(op: Operation, first: Value, second: Value) -> Feature:
    """Reads the sum of two branches, or a scale or shift by constants."""
    if isinstance(first, Feature) and isinstance(second, Feature):
        if op.kind != "Add" or (first.axes, first.sizes) != (second.axes, second.sizes):
            raise GraphError(
                f"its node {op.name!r} is a {op.kind} of two branches; none of the encoders here has one"
            )
        return replace(first, node=Node("add", op.name, [first.node, second.node]))
    x, constant = (first, second) if isinstance(first, Feature) else (second, first)
    if not isinstance(x, Feature) or not isinstance(constant, np.ndarray):
        raise GraphError(f"its node {op.name!r} lacks an input")
    vector = _per_channel(op, x, constant)
    ones, zeros = np.ones_like(vector), np.zeros_like(vector)
    if op.kind == "Add":
        return apply_scale(x, ones, vector, op.name)
    if op.kind == "Mul":
        return apply_scale(x, vector, zeros, op.name)
    if op.kind == "Sub":
        return (
            apply_scale(x, ones, -vector, op.name) if x is first else apply_scale(x, -ones, vector, op.name)
        )
    if x is not first or not vector.all():
        raise GraphError(f"its node {op.name!r} divides by its input or by zero")
    return apply_scale(x, 1 / vector, zeros, op.name)


def _per_channel(op: Operation, x: Feature, constant: np.ndarray) -> np.ndarray:
    """A constant that is the same in all places, as a float64 vector over the channels."""
    channels = x.sizes["C"]
    if constant.size == 1:
        return np.full(channels, constant.item(), np.float64)
    expected_shape = tuple(channels if axis == "C" else 1 for axis in x.axes)
    if (1,) * (len(expected_shape) - constant.ndim) + constant.shape != expected_shape:
        raise GraphError(
            f"its node {op.name!r} has a constant of shape {constant.shape}, not one value per channel"
        )
    return constant.reshape(-1).astype(np.float64)


def _flatten(op: Operation, x: Feature, constants: list[np.ndarray | None]) -> Feature:
    if op.settings.get("axis", 1) not in (1, 1 - len(x.axes)):
        raise GraphError(f"its node {op.name!r} flattens from axis {op.settings['axis']}")
    return _flat(op, x)


def _flat(op: Operation, x: Feature) -> Feature:
    if x.axes == "NC":
        return x
    settings = {"axes": x.axes[1:], "sizes": dict(x.sizes)}
    sizes = {"N": x.sizes["N"], "C": x.sizes["C"] * x.sizes["H"] * x.sizes["W"]}
    return Feature(Node("flatten", op.name, [x.node], settings), "NC", sizes)


def _reshape(op: Operation, x: Feature, constants: list[np.ndarray | None]) -> Feature:
    """Accepts only a reshape that is a flatten: [batch, all the rest]."""
    flat = _flat(op, x)
    shape = (
        constants[0].ravel().tolist()
        if constants and constants[0] is not None
        else op.settings.get("shape", [])
    )
    if len(shape) != 2 or shape[0] not in (-1, 0, 1, x.sizes["N"]) or shape[1] not in (-1, flat.sizes["C"]):
        raise GraphError(f"its node {op.name!r} reshapes to {shape[:8]}, which is no flatten")
    return flat


def _squeeze(op: Operation, x: Feature, constants: list[np.ndarray | None]) -> Feature:
    """Accepts only a squeeze that is a flatten of [N, C, 1, 1]."""
    axes = axes_of(op.settings, [np.zeros(0), *(value for value in constants if value is not None)])
    places = (
        {"HW".find(x.axes[axis]) for axis in axes if -len(x.axes) <= axis < len(x.axes)} if axes else {0, 1}
    )
    if x.axes == "NC" or places != {0, 1} or (x.sizes["H"], x.sizes["W"]) != (1, 1):
        raise GraphError(f"its node {op.name!r} squeezes axes other than rows and columns of one")
    return _flat(op, x)


def _transpose(op: Operation, x: Feature, constants: list[np.ndarray | None]) -> Feature:
    order = list(op.settings.get("perm", range(len(x.axes))[::-1]))
    if sorted(order) != list(range(len(x.axes))) or order[0] != 0:
        raise GraphError(f"its node {op.name!r} transposes to {order[:8]}")
    return replace(x, axes="".join(x.axes[place] for place in order))


def _pad(op: Operation, x: Feature, constants: list[np.ndarray | None]) -> Feature:
    arrays = [value for value in constants if value is not None]
    pads = list(op.settings.get("pads", arrays[0].ravel().tolist() if arrays else []))
    value = arrays[1].item() if len(arrays) > 1 and arrays[1].size == 1 else op.settings.get("value", 0.0)
    half = pads[: len(pads) // 2]
    even = x.axes == "NCHW" and len(pads) == 8 and half == pads[4:] and half[:2] == [0, 0] and min(pads) >= 0
    if not even or value or len(arrays) > 2 or op.settings.get("mode", "constant") != "constant":
        raise GraphError(f"its node {op.name!r} does not pad rows and columns evenly with zeros")
    sizes = {**x.sizes, "H": x.sizes["H"] + 2 * half[2], "W": x.sizes["W"] + 2 * half[3]}
    return Feature(Node("pad", op.name, [x.node], {"pad": (half[2], half[3])}), x.axes, sizes)


def _shape(op: Operation, x: Feature, constants: list[np.ndarray | None]) -> np.ndarray:
    sizes = np.array([x.sizes[axis] for axis in x.axes], np.int64)
    return sizes[op.settings.get("start", 0) : op.settings.get("end")]


def _cast(op: Operation, x: Feature, constants: list[np.ndarray | None]) -> Feature:
    if op.settings.get("to") not in FLOAT_TYPES:
        raise GraphError(f"its node {op.name!r} rounds to another type than floats")
    return x


def _relu(op: Operation, x: Feature, constants: list[np.ndarray | None]) -> Feature:
    return replace(x, node=Node("relu", op.name, [x.node]))


def _nothing(op: Operation, x: Feature, constants: list[np.ndarray | None]) -> Feature:
    return x


_OPERATIONS: dict[str, Callable[[Operation, Feature, list[np.ndarray | None]], np.ndarray | Feature]] = {
    "Conv": convolution,
    "Gemm": gemm,
    "MatMul": matmul,
    "BatchNormalization": batch_norm,
    "PRelu": prelu,
    "Relu": _relu,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Squeeze": _squeeze,
    "Transpose": _transpose,
    "Pad": _pad,
    "Shape": _shape,
    "Cast": _cast,
    "Identity": _nothing,
    "Dropout": _nothing,  # nothing happens outside training
}
