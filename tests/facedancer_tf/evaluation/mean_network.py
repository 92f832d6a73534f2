"""The smallest ONNX networks that turn pictures into vectors."""

from pathlib import Path

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper


def write_mean_network(path: Path, shape: list[int | str], axes: list[int]) -> Path:
    """Mean over `axes` of a picture: its three channels as the network saw them."""
    node = helper.make_node("ReduceMean", ["x"], ["y"], axes=axes, keepdims=0)
    return write_network(path, shape, [node], [shape[0], 3])


def write_wide_network(path: Path, size_px: int, width: int) -> Path:
    """`width` random sums of the means of a picture's channels."""
    weights = np.random.default_rng(0).normal(size=(3, width)).astype(np.float32)
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("MatMul", ["mean", "weights"], ["y"]),
    ]
    return write_network(path, ["n", 3, size_px, size_px], nodes, ["n", width], {"weights": weights})


def write_network(
    path: Path,
    shape: list[int | str],
    nodes: list[NodeProto],
    output: list[int | str],
    constants: dict[str, np.ndarray] | None = None,
    kind: int = TensorProto.FLOAT,
) -> Path:
    """The network of these nodes from `x` to `y`, which its file says is of the shape `output`."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    y = helper.make_tensor_value_info("y", kind, output)
    held = [numpy_helper.from_array(array, name) for name, array in (constants or {}).items()]
    graph = helper.make_graph(nodes, "network", [x], [y], held)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path
