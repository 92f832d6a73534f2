"""Shapes, sizes and gradients of InsightFace's encoders; facedancer_tf/importing holds them against ONNX Runtime."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from networks.encoders import ENCODERS, tap_encoder
from networks.insightface_mobilefacenet import build_insightface_mobilefacenet
from networks.iresnet import build_iresnet, unit_names


@pytest.mark.parametrize(("depth", "units", "parameters"), [(18, 8, 24_021_632), (50, 24, 43_586_880)])
def test_iresnet_sizes(depth, units, parameters):
    model = build_iresnet(depth)
    assert len(unit_names(depth)) == units
    assert model.name == f"iresnet{depth}"
    assert model.count_params() == parameters  # × 4 bytes: the size of InsightFace's file of this depth
    sizes = [model.get_layer(f"stage{stage}_unit1_out").output.shape[1:] for stage in (1, 2, 3, 4)]
    assert sizes == [(56, 56, 64), (28, 28, 128), (14, 14, 256), (7, 7, 512)]


def test_iresnet_depths():
    assert [len(unit_names(depth)) for depth in (34, 100, 200)] == [16, 49, 98]
    with pytest.raises(
        ValueError, match=r"`depth` must be one of \[18, 34, 50, 100, 200\]. Received: depth=101"
    ):
        build_iresnet(101)


def test_mobilefacenet_sizes():
    model = build_insightface_mobilefacenet()
    assert model.get_layer("pairs_conv_prelu").output.shape == (None, 56, 56, 128)
    sizes = [model.get_layer(f"stage{stage}_block1_out").output.shape[1:] for stage in (1, 2, 3)]
    assert sizes == [(28, 28, 128), (14, 14, 256), (7, 7, 256)]
    assert model.get_layer("places_depthwise").output.shape == (None, 1, 1, 512)


@pytest.mark.parametrize("name", ["iresnet18", "insightface_mobilefacenet", "insightface_mobilefacenet_deep"])
def test_bfloat16_ends_in_float32(name):
    model = ENCODERS[name].build(dtype="mixed_bfloat16")
    assert {layer.compute_dtype for layer in model.layers[1:-1]} == {"bfloat16"}
    assert model.layers[-1].compute_dtype == "float32"


@pytest.mark.parametrize("name", ["iresnet18", "insightface_mobilefacenet", "insightface_mobilefacenet_deep"])
def test_taps_and_gradients(name):
    keras.utils.set_random_seed(0)
    blocks = ENCODERS[name].ifsr_blocks
    tapped = tap_encoder(ENCODERS[name].build(), blocks)
    pictures = tf.random.stateless_uniform((1, 112, 112, 3), (0, 0), -1.0, 1.0)
    with tf.GradientTape() as tape:
        tape.watch(pictures)
        answer = tapped(pictures, training=True)
        total = tf.add_n([tf.reduce_mean(answer[block] ** 2) for block in blocks])
        total += tf.reduce_mean(answer["embedding"] ** 2)
    gradient = tape.gradient(total, pictures).numpy()
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() > 0
    assert all(np.isfinite(value).all() for value in answer.values())
    still = tapped(pictures, training=False)["embedding"]
    np.testing.assert_array_equal(answer["embedding"], still)  # no training flag changes a frozen encoder
