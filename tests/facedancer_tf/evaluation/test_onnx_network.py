"""A user's ONNX judge reads pixels as the user says, whatever its layout and batch size."""

import numpy as np
import pytest
from onnx import TensorProto, helper

from data.faces.face import Face
from facedancer_tf.errors import UserError
from facedancer_tf.evaluation.inception import Inception
from facedancer_tf.evaluation.judges import OnnxJudge
from facedancer_tf.evaluation.onnx_network import ARCFACE_INPUT, OnnxNetwork, PixelInput, parse_pixel_input
from tests.facedancer_tf.evaluation.mean_network import write_mean_network, write_network, write_wide_network


@pytest.fixture
def crops() -> np.ndarray:
    """Three crops of 32 px, each of one colour."""
    colours = np.array([[255, 0, 51], [0, 255, 102], [51, 51, 204]], np.uint8)
    return np.broadcast_to(colours[:, None, None], (3, 32, 32, 3)).copy()


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        (["n", 3, 32, 32], [2, 3]),
        ([1, 3, 32, 32], [2, 3]),
        (["n", 32, 32, 3], [1, 2]),
        ([2, 3, "h", "w"], [2, 3]),
    ],
)
def test_layouts_batches_and_range(tmp_path, crops, shape, axes):
    network = OnnxNetwork(
        write_mean_network(tmp_path / "mean.onnx", shape, axes), PixelInput(32, "RGB", -1, 1)
    )
    np.testing.assert_allclose(network(crops)[0], [1.0, -1.0, -0.6], atol=1e-5)
    assert network(crops).shape == (3, 3)
    assert network.width == 3


def test_order_of_colours_and_size(tmp_path, crops):
    path = write_mean_network(tmp_path / "mean.onnx", ["n", 3, 16, 16], [2, 3])
    network = OnnxNetwork(path, PixelInput(16, "BGR", 0, 1))
    np.testing.assert_allclose(network(crops)[0], [0.2, 0.0, 1.0], atol=1e-5)


def test_the_judge_aligns_and_compares_by_cosine(tmp_path, grace, barack):
    judge = OnnxJudge(write_mean_network(tmp_path / "mean.onnx", ["n", 3, 112, 112], [2, 3]), ARCFACE_INPUT)
    points = np.array([[30, 40], [80, 40], [55, 60], [35, 90], [75, 90]], np.float32)
    face = Face((0.0, 0.0, 100.0, 100.0), points, 1.0)
    embeddings = judge.embed([grace, barack], [face, face])
    assert embeddings.shape == (2, judge.width)
    np.testing.assert_allclose(np.diag(judge.compare(embeddings, embeddings)), 1.0, atol=1e-6)
    assert judge.name.startswith("mean.onnx (SHA-256 ")
    assert judge.name.endswith(", 112 px RGB in [-1, 1]), on the ArcFace template, by cosine")


def test_what_is_no_such_network(tmp_path):
    (tmp_path / "no.onnx").write_bytes(b"not a network")
    with pytest.raises(UserError, match="no ONNX network"):
        OnnxNetwork(tmp_path / "no.onnx", ARCFACE_INPUT)
    with pytest.raises(UserError, match="takes pictures of 64 px, not 112"):
        OnnxNetwork(write_mean_network(tmp_path / "64.onnx", ["n", 3, 64, 64], [2, 3]), ARCFACE_INPUT)
    with pytest.raises(UserError, match="must take one batch of pictures"):
        OnnxNetwork(write_mean_network(tmp_path / "3d.onnx", ["n", 3, 64], [2]), ARCFACE_INPUT)


SHAPE: list[int | str] = ["n", 3, 32, 32]
MEAN = helper.make_node("ReduceMean", ["x"], ["mean"], axes=[2, 3], keepdims=0)


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        (helper.make_node("Log", ["mean"], ["y"]), TensorProto.FLOAT),  # NaN
        (helper.make_node("Cast", ["mean"], ["y"], to=TensorProto.INT64), TensorProto.INT64),
    ],
)
def test_what_gives_no_vectors_of_numbers(tmp_path, last, kind):
    path = write_network(tmp_path / "broken.onnx", SHAPE, [MEAN, last], ["n", 3], kind=kind)
    with pytest.raises(UserError, match="one vector of finite floats for each picture"):
        OnnxNetwork(path, PixelInput(32, "RGB", -1, 1))


def test_a_network_that_fails_while_it_runs_is_one_sentence(tmp_path, capfd):
    """The file loads, but its reshape fails; ONNX Runtime would print lines of its own."""
    nodes = [helper.make_node("Reshape", ["x", "wanted"], ["y"])]
    path = write_network(
        tmp_path / "broken.onnx", ["n", 3, "h", "w"], nodes, ["n", 7], {"wanted": np.array([5, 7])}
    )
    with pytest.raises(UserError, match="no ONNX network that can be run") as raised:
        OnnxNetwork(path, PixelInput(32, "RGB", -1, 1))
    assert "\n" not in str(raised.value)
    assert capfd.readouterr() == ("", "")


def test_one_vector_for_several_pictures_is_refused(tmp_path, crops):
    """The network works with one picture, as in the trial run, and fails with more."""
    node = helper.make_node("ReduceMean", ["x"], ["mean"], axes=[0, 2, 3], keepdims=0)
    flat = helper.make_node("Unsqueeze", ["mean", "first"], ["y"])
    path = write_network(tmp_path / "one.onnx", SHAPE, [node, flat], ["m", 3], {"first": np.array([0])})
    network = OnnxNetwork(path, PixelInput(32, "RGB", -1, 1))
    with pytest.raises(UserError, match=r"for 3 it gave float32 \[1, 3\]"):
        network(crops)


@pytest.mark.parametrize("batch", [0, 257])
def test_an_impossible_batch_size_is_refused(tmp_path, batch):
    path = write_mean_network(tmp_path / "mean.onnx", [batch, 3, 32, 32], [2, 3])
    with pytest.raises(UserError, match=f"must take 1 to 256 pictures at once, not exactly {batch}"):
        OnnxNetwork(path, PixelInput(32, "RGB", -1, 1))


@pytest.mark.parametrize(("batch", "ran"), [("n", [3]), (2, [2, 2])])
def test_only_a_fixed_batch_is_filled_up(tmp_path, crops, batch, ran, monkeypatch):
    path = write_mean_network(tmp_path / "mean.onnx", [batch, 3, 32, 32], [2, 3])
    network = OnnxNetwork(path, PixelInput(32, "RGB", -1, 1))
    session, seen = network._session, []

    class Counting:
        def run(self, outputs, inputs):
            seen.append(len(inputs["x"]))
            return session.run(outputs, inputs)

    monkeypatch.setattr(network, "_session", Counting())
    assert network(crops).shape == (3, 3)
    assert seen == ran


def test_only_2048_features_make_an_fid(tmp_path):
    pixels = PixelInput(32, "RGB", -1, 1)
    assert Inception(write_wide_network(tmp_path / "wide.onnx", 32, 2048), pixels).width == 2048
    with pytest.raises(
        UserError, match="gives 1000 features; an FID needs Inception's last pooling, which has 2048"
    ):
        Inception(write_wide_network(tmp_path / "wide.onnx", 32, 1000), pixels)


NOT_FINITE = ("112,RGB,nan,1", "112,RGB,0,nan", "112,RGB,-inf,1", "112,RGB,0,inf")


def test_inputs_are_written_in_one_way():
    assert parse_pixel_input("112, rgb, -1, 1") == ARCFACE_INPUT
    for wrong in ("112", "x,RGB,0,1", "112,RBG,0,1", "112,RGB,1,0", "8,RGB,0,1", "9999,RGB,0,1", *NOT_FINITE):
        with pytest.raises(UserError, match="SIZE,RGB or BGR,LOW,HIGH"):
            parse_pixel_input(wrong)
