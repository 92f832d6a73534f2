"""Forms of writing a network in ONNX, each with a few layers: read back, it gives ONNX Runtime's outputs."""

import keras
import numpy as np
import onnxruntime
import pytest
from keras import layers
from onnx import TensorProto, helper, numpy_helper

from facedancer_tf.graphs.graph import GraphError, match
from facedancer_tf.graphs.keras_layers import model_graph
from facedancer_tf.importing.onnx_constants import constant_result
from facedancer_tf.importing.onnx_file import read_onnx_file
from facedancer_tf.importing.onnx_graph import read_onnx_graph
from facedancer_tf.weights.embedded import assign_weights


class Net:
    """Builds a small ONNX file: `net.w(array)` adds a weight, `net("Conv", x, …)` adds a node."""

    def __init__(self, shape=(1, 3, 8, 6), opset=13):
        self.nodes, self.tensors, self.shape, self.opset = [], [], shape, opset
        self.random = np.random.default_rng(1)

    def w(self, values):
        array = np.asarray(values)
        array = array.astype(np.float32) if array.dtype == np.float64 else array
        self.tensors.append(numpy_helper.from_array(array, f"w{len(self.tensors)}"))
        return self.tensors[-1].name

    def normal(self, *shape):
        return self.w(self.random.normal(0, 0.5, shape))

    def __call__(self, kind, *inputs, **settings):
        self.nodes.append(helper.make_node(kind, inputs, [f"v{len(self.nodes)}"], **settings))
        return self.nodes[-1].output[0]

    def write(self, output, path):
        picture = helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape)
        result = helper.make_tensor_value_info(output, TensorProto.FLOAT, None)
        graph = helper.make_graph(self.nodes, "net", [picture], [result], self.tensors)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)
        path.write_bytes(model.SerializeToString())
        return path

    def read(self, output, tmp_path):
        return read_onnx_graph(read_onnx_file(self.write(output, tmp_path / "net.onnx")))


def check(net, output, ours, tmp_path):
    """Asserts that `ours`, with the weights of the file, gives the file's outputs."""
    path = net.write(output, tmp_path / "net.onnx")
    model = keras.Model(*ours)
    assign_weights(model, match(model_graph(model), read_onnx_graph(read_onnx_file(path))))
    pictures = np.random.default_rng(2).normal(size=(1, 8, 6, 3)).astype(np.float32)
    given = pictures.transpose(0, 3, 1, 2) if net.shape[1] == 3 else pictures
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    expected = session.run(None, {"x": given})[0]
    answer = np.asarray(model(pictures))
    if answer.ndim == 4 and net.shape[1] == 3:
        answer = answer.transpose(0, 3, 1, 2)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(answer.reshape(expected.shape), expected, atol=2e-5, rtol=2e-5)


def picture():
    return keras.Input((8, 6, 3))


def norm(x):
    return layers.BatchNormalization(epsilon=1e-5)(x, training=False)


def batch_norm(net, x, channels):
    parts = [net.random.uniform(0.5, 1.5, channels) for _ in range(4)]
    return net("BatchNormalization", x, *map(net.w, parts), epsilon=1e-3)


def test_padding_written_apart_and_strides(tmp_path):
    net, x = Net(), picture()
    padded = net("Pad", "x", net.w(np.array([0, 0, 1, 1, 0, 0, 1, 1])))
    y = net("Conv", padded, net.normal(4, 3, 3, 3), net.normal(4), strides=[2, 2])
    y = net("Conv", y, net.normal(5, 4, 3, 3), auto_pad="SAME_UPPER")
    ours = layers.Conv2D(4, 3, strides=2)(layers.ZeroPadding2D(1)(x))
    check(net, y, (x, layers.Conv2D(5, 3, padding="same")(ours)), tmp_path)


def test_batch_norm_before_a_padded_convolution_stays(tmp_path):
    net, x = Net(), picture()
    y = net("Conv", "x", net.normal(4, 3, 1, 1))
    y = net("Relu", y)
    y = net("Conv", batch_norm(net, y, 4), net.normal(4, 4, 3, 3), pads=[1] * 4)
    ours = layers.ReLU()(layers.Conv2D(4, 1)(x))
    check(net, y, (x, layers.Conv2D(4, 3, padding="same")(norm(ours))), tmp_path)


def test_batch_norm_written_as_product_and_sum(tmp_path):
    net, x = Net(), picture()
    y = net("Relu", net("Conv", "x", net.normal(4, 3, 1, 1)))
    y = net("Add", net.normal(4, 1, 1), net("Mul", y, net.normal(1, 4, 1, 1)))
    y = net("Div", net("Sub", y, net.normal(4, 1, 1)), net.w(np.float32(0.3)))
    y = net("Sub", net.w(np.float32(2.0)), y)
    check(net, y, (x, norm(layers.ReLU()(layers.Conv2D(4, 1)(x)))), tmp_path)


def test_grouped_and_depthwise_convolutions(tmp_path):
    net, x = Net(), picture()
    y = net("Conv", "x", net.normal(6, 1, 3, 3), net.normal(6), pads=[1] * 4, group=3)
    y = batch_norm(net, y, 6)
    y = net("PRelu", y, net.normal(6, 1, 1))
    y = batch_norm(net, net("Conv", y, net.normal(6, 1, 3, 3), group=6), 6)
    ours = layers.Conv2D(6, 3, padding="same")(x)
    ours = layers.PReLU(shared_axes=(1, 2))(ours)
    check(net, y, (x, layers.DepthwiseConv2D(3)(ours)), tmp_path)


@pytest.mark.parametrize("way", ["flatten", "reshape", "shape", "turned"])
def test_flatten_between_batch_norm_and_dense(way, tmp_path):
    """The rows of the dense kernel get our order, and both batch norms are folded in."""
    net, x = Net(), picture()
    y = batch_norm(net, net("Relu", "x"), 3)
    if way == "flatten":
        y = net("Flatten", y)
    elif way == "reshape":
        y = net("Reshape", net("Identity", y), net.w(np.array([1, 144])))
    elif way == "shape":
        batch = net("Gather", net("Shape", y), net.w(np.array([0])))
        y = net("Reshape", y, net("Concat", batch, net.w(np.array([-1])), axis=0))
    else:
        y = net("Flatten", net("Transpose", y, perm=[0, 2, 3, 1]))
    y = batch_norm(net, net("Gemm", y, net.normal(144, 5), net.normal(5), alpha=0.5, beta=2.0), 5)
    check(net, y, (x, layers.Dense(5)(layers.Flatten()(layers.ReLU()(x)))), tmp_path)


def test_channels_last_input(tmp_path):
    net, x = Net(shape=("batch", 8, 6, 3)), picture()
    y = net("Conv", net("Transpose", "x", perm=[0, 3, 1, 2]), net.normal(4, 3, 3, 3))
    y = net("Transpose", net("Cast", y, to=TensorProto.FLOAT), perm=[0, 2, 3, 1])
    y = net("Add", net("MatMul", net("Flatten", y), net.normal(96, 5)), net.normal(5))
    check(net, y, (x, layers.Dense(5)(layers.Flatten()(layers.Conv2D(4, 3)(x)))), tmp_path)


def test_squeeze_of_single_places(tmp_path):
    net, x = Net(), picture()
    y = net("Squeeze", net("Conv", "x", net.normal(4, 3, 8, 6)), net.w(np.array([2, 3])))
    y = net("MatMul", y, net.normal(4, 5))
    check(net, y, (x, layers.Dense(5)(layers.Flatten()(layers.Conv2D(4, (8, 6))(x)))), tmp_path)


def test_sum_of_branches_in_either_order(tmp_path):
    net, x = Net(), picture()
    one = net("Conv", "x", net.normal(4, 3, 1, 1))
    y = net("Add", net("Conv", "x", net.normal(4, 3, 3, 3), pads=[1] * 4), one)
    ours = layers.Add()([layers.Conv2D(4, 1)(x), layers.Conv2D(4, 3, padding="same")(x)])
    check(net, y, (x, ours), tmp_path)


@pytest.mark.parametrize("way", ["one", "channel", "turned constant"])
def test_quantised_weights(way, tmp_path):
    net, x = Net(opset=21), picture()
    values = net.random.integers(-120, 120, (4, 3, 3, 3)).astype(np.int8)
    if way == "one":
        kernel = net("DequantizeLinear", net.w(values), net.w(np.float32(0.01)), net.w(np.int8(3)))
    elif way == "channel":
        scales = net.w([0.01, 0.02, 0.03, 0.04])
        kernel = net("DequantizeLinear", net.w(values), scales, axis=0)
    else:
        held = numpy_helper.from_array(values.transpose(3, 2, 1, 0).astype(np.float16) / 100)
        kernel = net("Cast", net("Transpose", net("Constant", value=held)), to=TensorProto.FLOAT)
    y = net("Conv", "x", kernel)
    check(net, y, (x, layers.Conv2D(4, 3)(x)), tmp_path)


def test_blocks_by_hand():
    values = np.array([[1, 2, 3, -4, 5]], np.int8)  # blocks of two, the last one short
    scales, zeros = np.array([[0.5, 2.0, 1.0]], np.float32), np.array([[1, 0, -3]], np.int8)
    arrays: list[np.ndarray] = [values, scales, zeros]
    result = constant_result("DequantizeLinear", "q", {"axis": 1, "block_size": 2}, arrays)
    np.testing.assert_array_equal(result, [[0.0, 0.5, 6.0, -8.0, 8.0]])
    with pytest.raises(GraphError, match="its node 'q', a DequantizeLinear, does not fit its tensors"):
        constant_result("DequantizeLinear", "q", {"axis": 1, "block_size": 3}, arrays)


def test_rescaled_pictures(tmp_path):
    net = Net()
    y = net("Div", net("Sub", "x", net.w(np.full((1, 3, 1, 1), 127.5))), net.w([128.0]))
    graph = net.read(net("Conv", y, net.normal(4, 3, 1, 1)), tmp_path)
    rescale = graph.output.inputs[0]
    assert (rescale.op, rescale.inputs) == ("rescale", graph.inputs)
    assert rescale.settings == {"scale": 1 / 128, "offset": -127.5 / 128}


def refusal(build, tmp_path, **arguments):
    net = Net(**arguments)
    with pytest.raises(GraphError) as error:
        net.read(build(net), tmp_path)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda n: n("Conv", "x", n.normal(4, 2, 3, 3)), "a kernel of shape (4, 2, 3, 3) in 1 groups for 3 channels"),
        (lambda n: n("Conv", "x", n.normal(4, 3, 9, 9)), "a window larger than its input"),
        (lambda n: n("Conv", "x", n.normal(4, 3, 3, 3), pads=[0, 0, 1, 1]), "pads unevenly, by [0, 0, 1, 1]"),
        (lambda n: n("Conv", "x", n.normal(4, 3, 3, 3), strides=[2]), "does not slide over rows and columns"),
        (lambda n: n("Conv", "x", n.normal(4, 3, 3, 3), strides="wide"), "does not slide over rows and columns"),
        (lambda n: n("Conv", "x", n.normal(4, 3, 3, 3), group="two"), "the settings of its node 'v0', a Conv, cannot"),
        (lambda n: n("Conv", "x", n.normal(4, 3, 3, 3), auto_pad="EVEN"), "'v0' pads by 'EVEN', unevenly"),
        (lambda n: n("Transpose", "x", perm=2.0), "the settings of its node 'v0', a Transpose, cannot be read"),
        (lambda n: n("Conv", "x", n.normal(4, 3, 3)), "a weight of shape (4, 3, 3), not any × any × any × any"),
        (lambda n: n("Conv", "x", n.normal(4, 3, 3, 3), n.normal(5)), "a weight of shape (5,), not 4"),
        (lambda n: n("Conv", "x", "x"), "has weights that depend on the picture"),
        (lambda n: n("PRelu", "x", n.normal(2, 1, 1)), "a constant slope for each of 3 channels"),
        (lambda n: n("Gemm", "x", n.normal(3, 3)), "has a kernel of shape (3, 3)"),
        (lambda n: n("Gemm", n("Flatten", "x"), n.normal(144, 2), n.normal(2, 1)), "a bias of shape (2, 1)"),
        (lambda n: n("Mul", "x", "x"), "a Mul of two branches"),
        (lambda n: n("Div", n.w([1.0]), "x"), "divides by its input"),
        (lambda n: n("Mul", "x", n.normal(3, 8, 6)), "not one value per channel"),
        (lambda n: n("Mul", "x", n.normal(3, 1, 1)), "scales the channels of its pictures differently"),
        (lambda n: n("Reshape", "x", n.w(np.array([1, 3, 48]))), "reshapes to [1, 3, 48], which is no flatten"),
        (lambda n: n("Transpose", "x", perm=[3, 2, 1, 0]), "transposes to [3, 2, 1, 0]"),
        (lambda n: n("Squeeze", "x", n.w(np.array([0]))), "squeezes axes other than rows and columns of one"),
        (lambda n: n("Cast", "x", to=TensorProto.INT8), "rounds to another type"),
        (lambda n: n("Softmax", "x"), "is a Softmax; none of the encoders here has one"),
        (lambda n: n("QuantizeLinear", "x", n.w([0.1])), "is a QuantizeLinear; none"),
        (lambda n: n("Relu", n.w([1.0])) and n("Relu", "x"), "computes weights by a Relu"),
        (lambda n: n("Relu", "x") and n("Neg", n.w([1.0])), "computes weights by a Neg"),
        (lambda n: n("Add", "x", "v1") and n("Relu", "v0"), "reads 'v1', which nothing before it gives"),
        (lambda n: n("Relu", "x") and n("Identity", n.w([1.0])), "does not depend on its input"),
        (lambda n: batch_norm(n, "x", 4), "a weight of shape (4,), not 3"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_one_sentence(build, reason, tmp_path):
    assert reason in refusal(build, tmp_path)


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ((1, 4, 8, 8), "not a picture of three channels but has the shape (1, 4, 8, 8)"),
        ((1, 10), "has the shape (1, 10)"),
        ((1, 3, "height", 8), "the size of its input is left open"),
    ],
)
def test_inputs_that_are_no_pictures(shape, reason, tmp_path):
    assert reason in refusal(lambda net: net("Relu", "x"), tmp_path, shape=shape)
