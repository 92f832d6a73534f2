"""Writes ONNX files of identity encoders as different tools would, with random weights, to read them back in.

Styles: "folded", a PyTorch export (batch norms folded into convolutions, Flatten, Gemm); "unfolded", one that keeps its
batch norms and flattens by Shape and Reshape; "mxnet", MXNet's (pictures of 0 … 255 rescaled inside, weights listed as
inputs, Dropout, another epsilon). Names are random and initialisers shuffled: nothing may depend on either.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from networks.iresnet import STAGE_FILTERS, UNITS

STYLES = ("folded", "unfolded", "mxnet")


class OnnxWriter:
    """Collects nodes and weights; a method returns the name of its output."""

    def __init__(self, style: str = "folded", seed: int = 0, half: bool = False) -> None:
        self.style, self.half = style, half
        self.random = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.tensors: list[onnx.TensorProto] = []
        self.epsilon = 2e-5 if style == "mxnet" else 1e-5
        self.number = 0

    def name(self) -> str:
        self.number += 1
        return f"{self.random.choice(['bn', 'conv', 'v', 'fc'])}{self.number * 7919 % 10007}"

    def tensor(self, values: Any) -> str:
        array = np.asarray(values)
        if array.dtype == np.float64 or (self.half and array.dtype == np.float32):
            array = array.astype(np.float16 if self.half else np.float32)
        self.tensors.append(numpy_helper.from_array(array, self.name()))
        return self.tensors[-1].name

    def node(self, kind: str, *inputs: str, **settings: Any) -> str:
        self.nodes.append(helper.make_node(kind, list(inputs), [self.name()], name=self.name(), **settings))
        return self.nodes[-1].output[0]

    def batch_norm(self, x: str, channels: int) -> str:
        spread = self.random.uniform
        parts = [spread(0.7, 1.3, channels), spread(-0.3, 0.3, channels)]  # gamma, beta
        parts += [spread(-0.3, 0.3, channels), spread(0.5, 1.5, channels)]  # mean, variance
        return self.node("BatchNormalization", x, *map(self.tensor, parts), epsilon=self.epsilon)

    def conv(self, x: str, width: int, filters: int, size: int = 3, stride: int = 1, groups: int = 1, gain: float = 1.0,
             pad: int | None = None) -> str:  # fmt: skip
        """A convolution and its batch norm, folded in or not."""
        fan_in = width // groups * size * size
        kernel = self.random.normal(0, gain / fan_in**0.5, (filters, width // groups, size, size))
        pad = size // 2 if pad is None else pad
        settings = {"strides": [stride] * 2, "pads": [pad] * 4, "group": groups, "kernel_shape": [size] * 2}
        if self.style == "folded":
            bias = self.tensor(self.random.uniform(-0.3, 0.3, filters))
            return self.node("Conv", x, self.tensor(kernel), bias, **settings)
        return self.batch_norm(self.node("Conv", x, self.tensor(kernel), **settings), filters)

    def prelu(self, x: str, channels: int) -> str:
        return self.node("PRelu", x, self.tensor(self.random.uniform(0.1, 0.5, (channels, 1, 1))))

    def picture(self) -> str:
        """The input, rescaled inside the network if the style does so."""
        if self.style != "mxnet":
            return "pictures"
        centred = self.node("Sub", "pictures", self.tensor([127.5]))
        return self.node("Mul", centred, self.tensor([1 / 128]))

    def head(self, x: str, width: int, places: int, bias: bool = True) -> str:
        """Flatten, dense to 512, batch norm."""
        if self.style == "mxnet":
            x = self.node("Dropout", x, ratio=0.4)
            x = self.node("Reshape", x, self.tensor(np.array([0, -1])))
        elif self.style == "unfolded":
            batch = self.node("Gather", self.node("Shape", x), self.tensor(np.array(0)), axis=0)
            batch = self.node("Unsqueeze", batch, axes=[0])
            x = self.node("Reshape", x, self.node("Concat", batch, self.tensor(np.array([-1])), axis=0))
        else:
            x = self.node("Flatten", x, axis=1)
        kernel = self.random.normal(0, (width * places) ** -0.5, (512, width * places))
        if bias:
            shift = self.tensor(self.random.uniform(-0.3, 0.3, 512))
            x = self.node("Gemm", x, self.tensor(kernel), shift, transB=1)
        else:
            x = self.node("MatMul", x, self.tensor(kernel.T.copy()))
        return self.batch_norm(x, 512)

    def save(self, output: str, path: Path, shape: Sequence[Any] = ("None", 3, 112, 112)) -> Path:
        kind = TensorProto.FLOAT16 if self.half else TensorProto.FLOAT
        inputs = [helper.make_tensor_value_info("pictures", kind, list(shape))]
        if self.style == "mxnet":
            inputs += [helper.make_tensor_value_info(t.name, t.data_type, list(t.dims)) for t in self.tensors]
        tensors = [self.tensors[i] for i in self.random.permutation(len(self.tensors))]
        outputs = [helper.make_tensor_value_info(output, kind, None)]
        graph = helper.make_graph(self.nodes, "encoder", inputs, outputs, tensors)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)
        path.write_bytes(model.SerializeToString())
        return path


def write_iresnet(path: Path, depth: int, style: str, seed: int = 0) -> Path:
    writer = OnnxWriter(style, seed)
    x, width = writer.prelu(writer.conv(writer.picture(), 3, 64, gain=1.5), 64), 64
    for filters, units in zip(STAGE_FILTERS, UNITS[depth], strict=True):
        for unit in range(units):
            stride = 1 if unit else 2
            branch = writer.conv(writer.batch_norm(x, width), width, filters)
            branch = writer.conv(writer.prelu(branch, filters), filters, filters, stride=stride, gain=0.3)
            shortcut = x if unit else writer.conv(x, width, filters, 1, 2, gain=1.0)
            x, width = writer.node("Add", *((branch, shortcut) if unit % 2 else (shortcut, branch))), filters
    return writer.save(writer.head(writer.batch_norm(x, 512), 512, 49), path)


def write_mobilefacenet(path: Path, style: str, counts: Sequence[int] = (1, 4, 6, 2), seed: int = 0) -> Path:
    """InsightFace's MobileFaceNet, as its `get_mbf` builds it."""
    writer = OnnxWriter(style, seed)

    def block(x: str, width: int, filters: int, inner: int, stride: int) -> str:
        x = writer.prelu(writer.conv(x, width, inner, 1), inner)
        x = writer.prelu(writer.conv(x, inner, inner, 3, stride, groups=inner), inner)
        return writer.conv(x, inner, filters, 1)

    x = writer.prelu(writer.conv(writer.picture(), 3, 128, stride=2, gain=1.5), 128)
    if counts[0] == 1:
        x = writer.prelu(writer.conv(x, 128, 128, groups=64), 128)
    else:
        for _ in range(counts[0]):
            x = writer.node("Add", x, block(x, 128, 128, 128, 1))
    width = 128
    for filters, first, blocks in zip((128, 256, 256), (128, 256, 512), counts[1:], strict=True):
        x, width = block(x, width, filters, first, 2), filters
        for _ in range(blocks):
            x = writer.node("Add", x, block(x, width, width, width, 1))
    x = writer.prelu(writer.conv(x, 256, 512, 1), 512)
    x = writer.conv(x, 512, 512, 7, groups=512, pad=0)
    return writer.save(writer.head(x, 512, 1, bias=False), path)
