"""Damaged, foreign and hostile files give one GraphError sentence each; nothing of theirs is opened or run."""

import contextlib
import sys
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from facedancer_tf.graphs.graph import GraphError
from facedancer_tf.importing import onnx_file
from facedancer_tf.importing.onnx_encoders import import_onnx_encoder
from facedancer_tf.importing.onnx_file import read_onnx_file
from facedancer_tf.importing.onnx_graph import read_onnx_graph
from tests.facedancer_tf.importing.onnx_writing import OnnxWriter


def model_of(nodes, tensors=(), inputs=("x",), **settings):
    infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 112, 112]) for name in inputs]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    return helper.make_model(helper.make_graph(nodes, "net", infos, outputs, list(tensors)), **settings)


def sentence(path):
    with pytest.raises(GraphError) as error:
        import_onnx_encoder(read_onnx_file(path))
    text = str(error.value)
    assert 0 < len(text) < 300
    assert "\n" not in text
    return text


def refusal(model, tmp_path):
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    return sentence(tmp_path / "net.onnx")


def conv(kernel="w"):
    return helper.make_node("Conv", ["x", kernel], ["y"], name="first")


def kernel_tensor(name="w"):
    return numpy_helper.from_array(np.ones((4, 3, 3, 3), np.float32), name)


@pytest.mark.parametrize("tenth", range(1, 10))
def test_cut_off_at_every_tenth(tenth, tmp_path):
    content = model_of([conv()], [kernel_tensor()]).SerializeToString()
    (tmp_path / "cut.onnx").write_bytes(content[: len(content) * tenth // 10])
    assert "not an ONNX file" in sentence(tmp_path / "cut.onnx")


@pytest.mark.parametrize(
    "content", [b"", b"weights of an encoder\n" * 9, b"\x89PNG\r\n\x1a\n" + bytes(99), b"PK\x03\x04"]
)
def test_other_files(content, tmp_path):
    (tmp_path / "other.onnx").write_bytes(content)
    assert "it is not an ONNX file" in sentence(tmp_path / "other.onnx")


def test_folders_missing_and_large_files(tmp_path, monkeypatch):
    assert sentence(tmp_path) == "it is not a file"
    assert sentence(tmp_path / "none.onnx") == "it is not a file"
    (tmp_path / "large.onnx").write_bytes(bytes(2 << 20))
    monkeypatch.setattr(onnx_file, "BYTES_CEILING", 1 << 20)
    assert sentence(tmp_path / "large.onnx") == "it is larger than 1 MB"


@pytest.mark.parametrize("location", ["/etc/passwd", "../weights.bin", "weights.bin"])
def test_external_data_is_named_and_not_opened(location, tmp_path):
    (tmp_path / "weights.bin").write_bytes(np.ones(108, np.float32).tobytes())
    tensor = kernel_tensor()
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    path = tmp_path / "net.onnx"
    path.write_bytes(model_of([conv()], [tensor]).SerializeToString())
    opened: list[str] = []
    sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" else None)
    assert sentence(path) == "its tensor 'w' lies in another file, which is not followed"
    assert str(path) in opened  # so the hook sees
    assert not any("passwd" in name or "weights.bin" in name for name in opened)
    constant = helper.make_node("Constant", [], ["w"], value=tensor)
    assert "lies in another file" in refusal(model_of([constant, conv()]), tmp_path)


def test_graphs_in_nodes_functions_and_other_domains(tmp_path):
    body = model_of([helper.make_node("Relu", ["x"], ["y"])]).graph
    for kind in ("Loop", "Scan", "If"):
        name = "then_branch" if kind == "If" else "body"
        node = helper.make_node(kind, ["x"], ["y"], name="l", **{name: body})
        text = refusal(model_of([node]), tmp_path)
        assert text == f"its node 'l', a {kind}, holds a graph of its own, which is not followed"
    node = helper.make_node("Relu", ["x"], ["y"], name="r", domain="com.microsoft")
    assert "is a Relu of the domain 'com.microsoft', not ONNX's own" in refusal(model_of([node]), tmp_path)
    function = helper.make_function("mine", "Relu", ["x"], ["y"], [], [helper.make_opsetid("", 17)])
    model = model_of([helper.make_node("Relu", ["x"], ["y"])], functions=[function])
    assert refusal(model, tmp_path) == "it defines the function 'Relu', which is not followed"


def test_a_circle_of_nodes(tmp_path):
    nodes = [helper.make_node("Add", ["x", "b"], ["a"], name="one"), helper.make_node("Relu", ["a"], ["b"])]
    nodes.append(helper.make_node("Relu", ["b"], ["y"]))
    assert refusal(model_of(nodes), tmp_path) == "its node 'one' reads 'b', which nothing before it gives"


def test_tensors_that_are_not_what_they_say(tmp_path):
    short = kernel_tensor()
    short.raw_data = short.raw_data[:-4]
    assert "'w' does not hold as many values as its shape says" in refusal(
        model_of([conv()], [short]), tmp_path
    )
    vast = kernel_tensor()
    vast.dims[:] = [1 << 40, 1 << 40]
    assert "'w' does not hold as many values" in refusal(model_of([conv()], [vast]), tmp_path)
    negative = kernel_tensor()
    negative.dims[:] = [-1, 3, 3, 3]
    assert "'w' has a negative size" in refusal(model_of([conv()], [negative]), tmp_path)
    for value in (np.nan, np.inf, -np.inf):
        tensor = numpy_helper.from_array(np.full((4, 3, 3, 3), value, np.float32), "w")
        assert refusal(model_of([conv()], [tensor]), tmp_path) == "its tensor 'w' is not finite"
    text = TensorProto(name="w", data_type=TensorProto.STRING, dims=[1], string_data=[b"text"])
    assert "'w' holds neither floats nor integers" in refusal(model_of([conv()], [text]), tmp_path)
    whole = numpy_helper.from_array(np.ones((4, 3, 3, 3), np.int64), "w")
    assert "'first' lacks a constant weight as input 1" in refusal(model_of([conv()], [whole]), tmp_path)


def test_networks_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_file, "NODES_CEILING", 3)
    nodes = [helper.make_node("Relu", ["x"], ["y"]) for _ in range(4)]
    assert refusal(model_of(nodes), tmp_path) == "its network has 4 nodes"
    grouped = helper.make_node("Conv", ["x", "w"], ["y"], group=3)
    monkeypatch.setattr("facedancer_tf.importing.onnx_layers.KERNEL_CEILING", 100)
    tensor = numpy_helper.from_array(np.ones((6, 1, 3, 3), np.float32), "w")
    assert "3 groups, too many to be written out" in refusal(model_of([grouped], [tensor]), tmp_path)
    monkeypatch.setattr("facedancer_tf.importing.onnx_graph.BYTES_MADE_CEILING", 100)
    assert "takes more memory than any encoder" in refusal(model_of([conv()], [kernel_tensor()]), tmp_path)


def test_foreign_networks(tmp_path):
    two = helper.make_node("Add", ["x", "z"], ["y"])
    assert (
        refusal(model_of([two], inputs=("x", "z")), tmp_path)
        == "it has 2 inputs and 1 outputs, not one of each"
    )
    text = refusal(model_of([conv()], [kernel_tensor()]), tmp_path)
    assert text == "it is none of the encoders known here: it has 1 convolutions and 0 sums"
    yunet = Path(__file__).parents[3] / "assets/yunet/face_detection_yunet_2023mar.onnx"
    assert "it has 1 inputs and 12 outputs" in sentence(yunet)


def test_bytes_changed_at_random(tmp_path):
    """A damaged file is either read or refused with one sentence, and never raises another exception."""
    writer, path = OnnxWriter("unfolded"), tmp_path / "net.onnx"
    x = writer.prelu(writer.conv("pictures", 3, 2, stride=56), 2)
    x = writer.node("Add", x, writer.conv(writer.batch_norm(x, 2), 2, 2))
    content = writer.save(writer.head(x, 2, 4), path).read_bytes()
    read_onnx_graph(read_onnx_file(path))
    random, reasons = np.random.default_rng(3), []
    structure = np.concatenate([np.arange(2000), np.arange(len(content) - 4000, len(content))])
    for _ in range(300):
        changed = np.frombuffer(content, np.uint8).copy()
        changed[random.choice(structure, 3)] = random.integers(0, 256, 3)
        path.write_bytes(changed.tobytes())
        with contextlib.suppress(GraphError):
            read_onnx_graph(read_onnx_file(path))
            continue
        reasons.append(sentence(path))
    assert len(reasons) > 100


def test_long_names_are_cut(tmp_path):
    node = helper.make_node("Softmax", ["x"], ["y"], name="n" * 10_000)
    assert len(refusal(model_of([node]), tmp_path)) < 200


def test_unused_inputs_and_whole_numbers_do_no_harm(tmp_path):
    counter = numpy_helper.from_array(np.array(7, np.int64), "batches_seen")
    model = model_of([conv()], [kernel_tensor(), counter], inputs=("x", "w", "unused"))
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    file = read_onnx_file(tmp_path / "net.onnx")
    assert (file.input_name, file.input_shape, file.output_name) == ("x", (1, 3, 112, 112), "y")
