"""Every network of the project computes the same in ONNX Runtime, without crops around it."""

from collections import Counter

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from facedancer_tf.exporting.onnx_nodes import OnnxNodes, emit_network
from networks.arcface_resnet50 import build_arcface_resnet50
from networks.blocks import FUSIONS
from networks.discriminator import build_image_discriminator
from networks.encoders import ENCODERS
from networks.generator import build_generator

rng = np.random.default_rng(0)


def to_nchw(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.moveaxis(array, -1, 1))


def largest_difference(network: keras.Model, batch: int = 3) -> float:
    """The largest difference, relative to the network's largest output."""
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


# Of one kind of network, the least deep one stands for all in the quick suite.
DEEP = ("iresnet34", "iresnet50", "iresnet100", "iresnet200", "insightface_mobilefacenet_deep")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in DEEP else ()) for name in ENCODERS]
)
def test_encoders(name):
    assert largest_difference(ENCODERS[name].build(), batch=2) <= 1e-4


def test_discriminator_and_other_heads_of_arcface():
    assert largest_difference(build_image_discriminator(64, 4)) <= 1e-5
    head = ("global_avg_pool", "dense", "batch_norm")
    assert largest_difference(build_arcface_resnet50(head=head), batch=2) <= 1e-4


def test_pooling_comes_before_convolutions_and_sums_are_upsampled_once():
    nodes = OnnxNodes()
    emit_network(nodes, build_generator(64, 8, 4), ["target", "identity"])
    kinds = Counter(node.op_type for node in nodes.nodes)
    assert kinds["Resize"] == 5
    strides = [
        tuple(helper.get_node_attr_value(node, "strides"))
        for node in nodes.nodes
        if node.op_type == "AveragePool"
    ]
    assert Counter(strides) == {(1, 1): 5, (2, 2): 5}  # before the 3 × 3 convolutions, before the 1 × 1 ones


def test_a_pooled_gate_as_a_new_fusion_might_have_it():
    features = keras.Input((8, 8, 4), name="features")
    gate = keras.layers.GlobalAveragePooling2D(keepdims=True)(features)
    gate = keras.layers.Conv2D(4, 1, activation="sigmoid")(gate)
    halved = keras.layers.AveragePooling2D(2)(keras.layers.Multiply()([features, gate]))
    assert largest_difference(keras.Model(features, halved)) <= 1e-5


def called_twice(x: keras.KerasTensor) -> keras.KerasTensor:
    layer = keras.layers.Conv2D(3, 1, name="odd_layer")
    return layer(layer(x))


@pytest.mark.parametrize("build", [called_twice, lambda x: keras.layers.ReLU()(keras.ops.tanh(x))])
def test_what_no_graph_of_layers_can_hold_is_one_sentence(build):
    pictures = keras.Input((8, 8, 3), name="pictures")
    with pytest.raises(ValueError, match=r"called several times|'tanh(_\d+)?' is outside of all layers"):
        emit_network(OnnxNodes(), keras.Model(pictures, build(pictures)), ["pictures"])


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.Lambda(lambda x: x, name="odd_layer"),
        keras.layers.Conv2D(4, 3, activation="gelu", name="odd_layer"),
        keras.layers.Conv2D(4, 3, strides=2, padding="same", name="odd_layer"),
        keras.layers.DepthwiseConv2D(3, depth_multiplier=2, name="odd_layer"),
        keras.layers.Activation("gelu", name="odd_layer"),
        keras.layers.UpSampling2D(interpolation="nearest", name="odd_layer"),
    ],
)
def test_a_layer_without_onnx_form_is_named(layer):
    pictures = keras.Input((8, 8, 3), name="pictures")
    with pytest.raises(ValueError, match="odd_layer"):
        emit_network(OnnxNodes(), keras.Model(pictures, layer(pictures)), ["pictures"])
