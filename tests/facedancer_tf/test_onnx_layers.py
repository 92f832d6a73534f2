"""Every network of the project computes the same in ONNX Runtime, without crops around it."""

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from facedancer_tf.onnx_layers import OnnxNodes, emit_network
from networks.blocks import FUSIONS
from networks.encoders import ENCODERS
from networks.generator import build_generator

rng = np.random.default_rng(0)


def to_nchw(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.moveaxis(array, -1, 1))


def largest_difference(network: keras.Model, batch: int = 3) -> float:
    """Relative to the network's largest output."""
    network.set_weights(
        [w + rng.normal(0, 0.05, w.shape) if w.ndim == 1 else w for w in network.get_weights()]
    )
    arrays = [rng.uniform(-1, 1, (batch, *tensor.shape[1:])).astype("float32") for tensor in network.inputs]
    feeds = {tensor.name: to_nchw(x) for tensor, x in zip(network.inputs, arrays, strict=True)}
    nodes = OnnxNodes()
    output = emit_network(nodes, network, list(feeds))
    shapes = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, ["b", *x.shape[1:]]) for n, x in feeds.items()
    ]
    result = helper.make_tensor_value_info(output, TensorProto.FLOAT, [None] * len(network.output.shape))
    graph = helper.make_graph(nodes.nodes, "network", shapes, [result], nodes.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    (exported,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, feeds)
    expected = to_nchw(np.asarray(network(arrays if len(arrays) > 1 else arrays[0], training=False)))
    return float(np.abs(exported - expected).max() / np.abs(expected).max())


@pytest.mark.parametrize("identity_width", [8, None])
@pytest.mark.parametrize("mapping_depth", [0, 2])
def test_generator_with_every_fusion(identity_width, mapping_depth):
    assert len(FUSIONS) == 6  # one for each block
    generator = build_generator(64, identity_width, 4, FUSIONS, mapping_depth, 16)
    assert largest_difference(generator) <= 1e-5


@pytest.mark.parametrize("name", ENCODERS)
def test_encoders(name):
    assert largest_difference(ENCODERS[name].build(), batch=2) <= 1e-4


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.Conv2D(4, 3, strides=2, padding="same", use_bias=False),  # an odd pixel of padding
        keras.layers.Conv2D(6, 3, groups=3),
        keras.layers.DepthwiseConv2D(3, strides=2, padding="same"),
        keras.layers.MaxPooling2D(3, strides=2, padding="same"),
        keras.layers.AveragePooling2D(3, strides=2, padding="same"),
        keras.layers.ZeroPadding2D(((0, 1), (2, 3))),
        keras.layers.PReLU(shared_axes=(1, 2), alpha_initializer="uniform"),
        keras.layers.PReLU(alpha_initializer="uniform"),
        keras.layers.BatchNormalization(scale=False),
        keras.layers.BatchNormalization(center=False),
        keras.layers.UpSampling2D((2, 3), interpolation="bilinear"),
        keras.layers.Flatten(),
    ],
    ids=lambda layer: layer.name,
)
def test_what_a_layer_can_be_told(layer):
    pictures = keras.Input((8, 6, 3), name="pictures")
    assert largest_difference(keras.Model(pictures, layer(pictures))) <= 1e-6


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.Lambda(lambda x: x, name="odd_layer"),
        keras.layers.Conv2D(4, 3, activation="relu", name="odd_layer"),
        keras.layers.Conv2D(4, 3, dilation_rate=2, name="odd_layer"),
        keras.layers.DepthwiseConv2D(3, depth_multiplier=2, name="odd_layer"),
        keras.layers.Activation("gelu", name="odd_layer"),
        keras.layers.UpSampling2D(interpolation="nearest", name="odd_layer"),
    ],
)
def test_a_layer_without_onnx_form_is_named(layer):
    pictures = keras.Input((8, 8, 3), name="pictures")
    with pytest.raises(ValueError, match="odd_layer"):
        emit_network(OnnxNodes(), keras.Model(pictures, layer(pictures)), ["pictures"])
