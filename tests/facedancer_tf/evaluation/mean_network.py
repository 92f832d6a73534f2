"""The smallest ONNX network that turns pictures into vectors."""

from pathlib import Path

import onnx
from onnx import TensorProto, helper


def write_mean_network(path: Path, shape: list[int | str], axes: list[int]) -> Path:
    """Mean over `axes` of a picture: its three channels as the network saw them."""
    node = helper.make_node("ReduceMean", ["x"], ["y"], axes=axes, keepdims=0)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [shape[0], 3])
    graph = helper.make_graph([node], "mean", [x], [y])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path
