"""Compares encoders read from ONNX files with ONNX Runtime on the same files."""

import dataclasses
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from facedancer_tf.graphs.graph import GraphError
from facedancer_tf.importing.onnx_encoders import import_onnx_encoder
from facedancer_tf.importing.onnx_file import read_onnx_file
from facedancer_tf.weights.embedded import ASSETS, read_embedded_weights
from facedancer_tf.weights.identity_encoder import load_encoder
from networks.encoders import ENCODERS, prepare_pictures, tap_encoder
from networks.mobilefacenet import BLOCK_NAMES
from tests.facedancer_tf.importing.onnx_writing import OnnxWriter, write_iresnet, write_mobilefacenet

TOLERANCE = 1e-4  # of the embeddings' largest value


def random_pictures(count=2):
    """Coarse random blocks in [-1, 1], NHWC; unlike white noise, they vary as much as faces."""
    coarse = np.random.default_rng(5).uniform(-1, 1, (count, 14, 14, 3))
    return coarse.repeat(8, axis=1).repeat(8, axis=2).astype(np.float32)


def run_onnx(path, pictures, low, high):
    """ONNX Runtime's embeddings of pictures in [-1, 1], which it gets in its own range and as NCHW."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    given = (low + (pictures + 1) * (high - low) / 2).transpose(0, 3, 1, 2).astype(np.float32)
    name = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {name: picture[None]})[0] for picture in given])


def check_parity(path, architecture, file_range, record_property):
    """Asserts that the imported encoder gives the file's outputs; returns the encoder and its description."""
    model, found = import_onnx_encoder(read_onnx_file(path))
    assert found["architecture"] == architecture
    description = dataclasses.replace(ENCODERS[architecture], low=found["low"], high=found["high"])
    pictures = random_pictures()
    expected = run_onnx(path, pictures, *file_range)
    embedding = np.asarray(model(prepare_pictures(description, pictures)))
    scale = np.abs(expected).max()
    difference = np.abs(embedding - expected).max()
    record_property("difference", float(difference / scale))
    print(f"{architecture}: {difference:.2e} of {scale:.2f}, relative {difference / scale:.1e}")
    assert 0.1 < scale < 1e4
    assert np.abs(expected[0] - expected[1]).max() > 0.05 * scale  # alive: two pictures, two embeddings
    assert difference <= TOLERANCE * scale
    return model, description


@pytest.mark.parametrize(
    ("depth", "style"),
    [(18, "folded"), (34, "unfolded"), (50, "folded"), (50, "unfolded"), (50, "mxnet"), (100, "folded")],
)
def test_iresnet(depth, style, tmp_path, record_property):
    path = write_iresnet(tmp_path / "encoder.onnx", depth, style, seed=depth)
    file_range = (0.0, 255.0) if style == "mxnet" else (-1.0, 1.0)
    model, description = check_parity(path, f"iresnet{depth}", file_range, record_property)
    assert (description.low, description.high) == (
        (-127.5 / 128, 127.5 / 128) if style == "mxnet" else (-1, 1)
    )
    if (depth, style) == (18, "folded"):
        answer = tap_encoder(model, description.ifsr_blocks)(random_pictures(1))
        shapes = {block: answer[block].shape[1:] for block in description.ifsr_blocks}
        assert shapes["stage1_unit2_out"] == (56, 56, 64)
        assert shapes["stage4_unit1_out"] == (7, 7, 512)
        assert all(np.isfinite(value).all() and np.std(value) > 0 for value in answer.values())


@pytest.mark.slow
def test_the_deepest_iresnet(tmp_path, record_property):
    path = write_iresnet(tmp_path / "encoder.onnx", 200, "folded")
    check_parity(path, "iresnet200", (-1.0, 1.0), record_property)


@pytest.mark.parametrize("style", ["folded", "unfolded"])
def test_insightface_mobilefacenet(style, tmp_path, record_property):
    path = write_mobilefacenet(tmp_path / "encoder.onnx", style)
    check_parity(path, "insightface_mobilefacenet", (-1.0, 1.0), record_property)


def test_the_deeper_insightface_mobilefacenet(tmp_path, record_property):
    path = write_mobilefacenet(tmp_path / "encoder.onnx", "unfolded", (2, 8, 12, 4))
    assert 13.4e6 < path.stat().st_size < 13.7e6  # InsightFace's w600k_mbf.onnx has 13.6 MB
    check_parity(path, "insightface_mobilefacenet_deep", (-1.0, 1.0), record_property)


def write_sface(path: Path, quantised: bool = False) -> Path:
    """SFace's network from the embedded weights, as the original file has it, under other names."""
    archive = read_embedded_weights(ASSETS / "sface")
    writer = OnnxWriter("mxnet")

    def weight(name):
        if f"{name}_quantized" not in archive:
            return writer.tensor(archive[name])
        values, scales, zeros = (archive[f"{name}_{part}"] for part in ("quantized", "scales", "zero_point"))
        block = -(-values.shape[-1] // scales.shape[-1])
        if quantised:
            settings = {"axis": values.ndim - 1, "block_size": block}
            floats = writer.node("DequantizeLinear", *map(writer.tensor, (values, scales, zeros)), **settings)
        else:
            scales, zeros = (part.repeat(block, -1)[..., : values.shape[-1]] for part in (scales, zeros))
            floats = writer.tensor((values.astype(np.float32) - zeros) * scales)
        return writer.node("Reshape", floats, writer.tensor(archive[f"{name}_shape"].astype(np.int64)))

    def batch_norm(x, name, epsilon):
        parts = [weight(f"{name}_{part}") for part in ("gamma", "beta", "moving_mean", "moving_var")]
        return writer.node("BatchNormalization", x, *parts, epsilon=epsilon)

    def conv(x, name, stride=1, groups=1):
        pad = 1 if name.endswith("_dw") or name == "conv_1" else 0
        settings = {"strides": [stride] * 2, "pads": [pad] * 4, "group": groups}
        x = batch_norm(
            writer.node("Conv", x, weight(f"{name}_conv2d_weight"), **settings), f"{name}_batchnorm", 1e-3
        )
        return writer.node("PRelu", x, weight(f"{name}_relu_gamma"))

    x = conv(writer.picture(), "conv_1")
    for number, block in enumerate(BLOCK_NAMES, start=2):
        halve = block.endswith("block1") and not block.startswith("stage1")
        x = conv(x, f"conv_{number}_dw", 2 if halve else 1, archive[f"conv_{number}_dw_relu_gamma"].size)
        x = conv(x, f"conv_{number}")
    x = writer.node("Flatten", writer.node("Dropout", batch_norm(x, "bn1", 2e-5)))
    x = writer.node("Gemm", x, weight("pre_fc1_weight"), weight("pre_fc1_bias"), transB=1)
    return writer.save(batch_norm(x, "fc1", 2e-5), path, (1, 3, 112, 112))


def test_sface(tmp_path, record_property):
    path = write_sface(tmp_path / "sface.onnx")
    model, description = check_parity(path, "sface", (0.0, 255.0), record_property)
    assert (description.low, description.high) == (0.0, 255.0)
    for ours, embedded in zip(model.get_weights(), load_encoder("sface").network.get_weights(), strict=True):
        np.testing.assert_allclose(ours, embedded, atol=1e-6, rtol=1e-6)


def test_block_quantised_weights(tmp_path):
    """SFace quantised in blocks, like the file of the repository's weights; ONNX Runtime refuses to run it."""
    model, _ = import_onnx_encoder(read_onnx_file(write_sface(tmp_path / "sface.onnx", quantised=True)))
    for ours, embedded in zip(model.get_weights(), load_encoder("sface").network.get_weights(), strict=True):
        np.testing.assert_allclose(ours, embedded, atol=1e-6, rtol=1e-6)


def test_half_precision_weights(tmp_path):
    path = write_iresnet(tmp_path / "encoder.onnx", 18, "folded")
    whole, _ = import_onnx_encoder(read_onnx_file(path))
    halved = onnx.load(path)
    for tensor in halved.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            values = numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    (tmp_path / "half.onnx").write_bytes(halved.SerializeToString())
    half, _ = import_onnx_encoder(read_onnx_file(tmp_path / "half.onnx"))
    for one, other in zip(whole.get_weights(), half.get_weights(), strict=True):
        assert other.dtype == np.float32
        np.testing.assert_allclose(one, other, atol=1e-3, rtol=2e-3)


def changed(path: Path, change) -> str:
    """The sentence with which the importer refuses the file after `change(model)`."""
    model = onnx.load(path)
    change(model)
    path.with_name("changed.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(GraphError) as error:
        import_onnx_encoder(read_onnx_file(path.with_name("changed.onnx")))
    assert "\n" not in str(error.value)
    return str(error.value)


def of_kind(model, kind):
    return [node for node in model.graph.node if node.op_type == kind]


def test_almost_an_encoder_is_none(tmp_path):
    """If a file differs from the network that it resembles, the message names the difference; nothing is loaded."""
    path = write_mobilefacenet(tmp_path / "encoder.onnx", "folded")

    def set_tensor(model, name, change):
        tensor = next(tensor for tensor in model.graph.initializer if tensor.name == name)
        tensor.CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(tensor).copy()), name))

    def unpadded(model):
        settings = {setting.name: setting for setting in of_kind(model, "Conv")[3].attribute}
        settings["pads"].ints[:] = [0, 0, 0, 0]

    def infinite(model):
        set_tensor(model, of_kind(model, "Conv")[3].input[1], lambda values: values * np.float32(np.inf))

    def large(model):  # finite as it is, no longer with the batch norm folded in
        set_tensor(model, of_kind(model, "MatMul")[0].input[1], lambda values: np.full_like(values, 3e38))

    def narrow(model):
        set_tensor(model, of_kind(model, "MatMul")[0].input[1], lambda values: values[:-1])

    def other_width(model):
        set_tensor(model, of_kind(model, "MatMul")[0].input[1], lambda values: values[:, :128])
        for name in of_kind(model, "BatchNormalization")[0].input[1:]:
            set_tensor(model, name, lambda values: values[:128])

    def shallow(model):
        last = of_kind(model, "Add")[-1]
        for node in model.graph.node:
            node.input[:] = [last.input[0] if name == last.output[0] else name for name in node.input]
        model.graph.node.remove(last)

    def extra(model):
        model.graph.initializer.append(numpy_helper.from_array(np.ones(3, np.float32), "left over"))

    def darker(model):
        first = model.graph.node[0]
        model.graph.initializer.append(numpy_helper.from_array(np.array(0.5, np.float32), "half"))
        model.graph.node.insert(0, helper.make_node("Mul", [first.input[0], "half"], ["darker"]))
        first.input[0] = "darker"

    def missing(model):
        name = of_kind(model, "PRelu")[0].input[1]
        model.graph.initializer.remove(next(t for t in model.graph.initializer if t.name == name))

    assert "with pad (0, 0), not (1, 1), where our stage1_block1_depthwise stands" in changed(path, unpadded)
    assert "is not finite" in changed(path, infinite)
    assert "is not finite" in changed(path, large)
    assert "has a kernel of shape (511, 512)" in changed(path, narrow)
    assert "a dense with units 128, not 512, where our embedding stands" in changed(path, other_width)
    assert "where our stage" in changed(path, shallow)
    assert "does not use: 'left over'" in changed(path, extra)
    assert "times 0.5 plus 0" in changed(path, darker)
    assert "which nothing before it gives" in changed(path, missing)
