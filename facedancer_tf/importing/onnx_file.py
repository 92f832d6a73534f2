"""Reads ONNX files as plain data: named tensors and a list of operations, checked before they are interpreted.

The file is parsed as a protobuf message and nothing more. It cannot make us open other files (external data is
refused). Functions, operations of other domains and operations that hold graphs (If, Loop, Scan) are refused as well.
Node names are cut to a length that fits into an error message.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import AttributeProto, TensorProto, numpy_helper

from facedancer_tf.graphs.graph import GraphError

BYTES_CEILING = 1 << 30
NODES_CEILING = 5000
NAME_LENGTH = 80
FLOATS = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE}
INTEGERS = {
    TensorProto.BOOL, TensorProto.INT4, TensorProto.UINT4, TensorProto.INT8, TensorProto.UINT8, TensorProto.INT16,
    TensorProto.UINT16, TensorProto.INT32, TensorProto.UINT32, TensorProto.INT64,
}  # fmt: skip


@dataclass(frozen=True)
class Operation:
    """One node of the file; `settings` are its attributes as numbers, texts, lists and arrays."""

    kind: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class OnnxFile:
    """A file's one input, its one output, tensors and operations; in `input_shape` an open size is None."""

    input_name: str
    input_shape: tuple[int | None, ...]
    output_name: str
    tensors: Mapping[str, np.ndarray]
    operations: tuple[Operation, ...]


def read_onnx_file(path: Path) -> OnnxFile:
    """Reads `path`; raises GraphError for a file that is not ONNX, is too large, or holds what is refused here."""
    graph = _parse(path).graph
    tensors = {tensor.name: array_of(tensor) for tensor in graph.initializer}
    if graph.sparse_initializer:
        raise GraphError("it holds sparse tensors")
    operations = tuple(_operation(node) for node in graph.node)
    read = {name for operation in operations for name in operation.inputs}
    # Some files list their weights as inputs too, or list inputs that nothing reads.
    inputs = [value for value in graph.input if value.name in read and value.name not in tensors]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise GraphError(f"it has {len(inputs)} inputs and {len(graph.output)} outputs, not one of each")
    left_over = [name for name, array in tensors.items() if array.dtype == np.float32 and name not in read]
    if left_over:
        names = ", ".join(repr(name[:NAME_LENGTH]) for name in left_over[:5])
        raise GraphError(f"it holds tensors that its own network does not use: {names}")
    sizes = inputs[0].type.tensor_type.shape.dim
    shape = tuple(size.dim_value if size.HasField("dim_value") else None for size in sizes)
    return OnnxFile(inputs[0].name, shape, graph.output[0].name, tensors, operations)


def _parse(path: Path) -> onnx.ModelProto:
    try:
        if not path.is_file():
            raise GraphError("it is not a file")
        if path.stat().st_size > BYTES_CEILING:
            raise GraphError(f"it is larger than {BYTES_CEILING >> 20} MB")
        model = onnx.ModelProto.FromString(path.read_bytes())
    except OSError as error:
        raise GraphError(f"it cannot be read ({error.strerror})") from error
    except DecodeError as error:
        raise GraphError("it is not an ONNX file, or one that is cut off") from error
    if not model.graph.node:
        raise GraphError("it is not an ONNX file: it holds no network")
    if len(model.graph.node) > NODES_CEILING:
        raise GraphError(f"its network has {len(model.graph.node)} nodes")
    if model.functions:
        raise GraphError(
            f"it defines the function {model.functions[0].name[:NAME_LENGTH]!r}, which is not followed"
        )
    return model


def array_of(tensor: TensorProto) -> np.ndarray:
    """The tensor's values, floats of any width as float32; raises GraphError, which names it, for other tensors."""
    name = tensor.name[:NAME_LENGTH]
    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        raise GraphError(f"its tensor {name!r} lies in another file, which is not followed")
    if tensor.data_type not in FLOATS | INTEGERS:
        raise GraphError(f"its tensor {name!r} holds neither floats nor integers")
    if any(size < 0 for size in tensor.dims):
        raise GraphError(f"its tensor {name!r} has a negative size")
    try:
        array = numpy_helper.to_array(tensor)
    except (ValueError, TypeError, OverflowError) as error:
        raise GraphError(f"its tensor {name!r} does not hold as many values as its shape says") from error
    if tensor.data_type not in FLOATS:
        return array
    with np.errstate(over="ignore"):
        array = array.astype(np.float32)
    if not np.isfinite(array).all():
        raise GraphError(f"its tensor {name!r} is not finite")
    return array


def _operation(node: onnx.NodeProto) -> Operation:
    name = (node.name or next(iter(node.output), ""))[:NAME_LENGTH]
    kind = node.op_type[:NAME_LENGTH]
    if (
        not isinstance(kind, str) or not kind.isidentifier()
    ):  # protobuf gives bytes where they are not valid text
        raise GraphError(f"its node {name!r} is of no kind that ONNX has")
    if node.domain not in ("", "ai.onnx"):
        raise GraphError(
            f"its node {name!r} is a {kind} of the domain {node.domain[:NAME_LENGTH]!r}, not ONNX's own"
        )
    settings = {attribute.name: _setting(attribute, kind, name) for attribute in node.attribute}
    return Operation(kind, name, tuple(node.input), tuple(node.output), settings)


def _setting(attribute: AttributeProto, kind: str, node_name: str) -> Any:
    value = attribute.type
    if value == AttributeProto.FLOAT:
        return attribute.f
    if value == AttributeProto.INT:
        return attribute.i
    if value == AttributeProto.STRING:
        return attribute.s.decode("utf-8", "replace")
    if value == AttributeProto.FLOATS:
        return list(attribute.floats)
    if value == AttributeProto.INTS:
        return list(attribute.ints)
    if value == AttributeProto.TENSOR:
        return array_of(attribute.t)
    what = "a graph" if value in (AttributeProto.GRAPH, AttributeProto.GRAPHS) else "a setting"
    raise GraphError(f"its node {node_name!r}, a {kind}, holds {what} of its own, which is not followed")
