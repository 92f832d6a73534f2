"""A user's ONNX judge reads its pixels as it was told, whatever its layout and batch."""

import numpy as np
import pytest

from data.detection import Face
from facedancer_tf.errors import UserError
from facedancer_tf.evaluation.judges import OnnxJudge
from facedancer_tf.evaluation.onnx_network import ARCFACE_INPUT, OnnxNetwork, PixelInput, parse_pixel_input
from tests.facedancer_tf.evaluation.mean_network import write_mean_network


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
    assert judge.name == "mean.onnx (112 px RGB in [-1, 1], ArcFace template, cosine)"


def test_what_is_no_such_network(tmp_path):
    (tmp_path / "no.onnx").write_bytes(b"not a network")
    with pytest.raises(UserError, match="no ONNX network"):
        OnnxNetwork(tmp_path / "no.onnx", ARCFACE_INPUT)
    with pytest.raises(UserError, match="takes pictures of 64 px, not 112"):
        OnnxNetwork(write_mean_network(tmp_path / "64.onnx", ["n", 3, 64, 64], [2, 3]), ARCFACE_INPUT)
    with pytest.raises(UserError, match="must take one batch of pictures"):
        OnnxNetwork(write_mean_network(tmp_path / "3d.onnx", ["n", 3, 64], [2]), ARCFACE_INPUT)


def test_inputs_are_written_in_one_way():
    assert parse_pixel_input("112, rgb, -1, 1") == ARCFACE_INPUT
    for wrong in ("112", "x,RGB,0,1", "112,RBG,0,1", "112,RGB,1,0", "8,RGB,0,1"):
        with pytest.raises(UserError, match="SIZE,RGB or BGR,LOW,HIGH"):
            parse_pixel_input(wrong)
