"""The ArcFace backbone against Keras' own ResNet-50, whose layer names and weights it must take."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from networks.arcface_resnet50 import build_arcface_resnet50
from networks.encoders import ARCFACE_MARGINS


@pytest.fixture(scope="module")
def encoder():
    keras.utils.set_random_seed(1)
    return build_arcface_resnet50()


def test_backbone_equals_keras_resnet50(encoder):
    reference = keras.applications.ResNet50(include_top=False, weights=None, input_shape=(112, 112, 3))
    for layer in reference.layers:
        if layer.weights:
            # random statistics too, so that a batch norm that ignored them would show
            values = [
                0.5 + np.random.default_rng(len(layer.name)).random(w.shape) * 0.05 for w in layer.weights
            ]
            if isinstance(layer, keras.layers.Conv2D):
                values = [w.numpy() for w in layer.weights]
            layer.set_weights(values)
            encoder.get_layer(layer.name).set_weights(values)
    pictures = np.random.default_rng(0).random((1, 112, 112, 3)).astype(np.float32)
    tapped = keras.Model(encoder.input, encoder.get_layer("conv5_block3_out").output)
    expected = reference(pictures, training=False)
    assert float(np.std(expected)) > 0
    np.testing.assert_allclose(tapped(pictures, training=True), expected, rtol=1e-4, atol=1e-5)


def test_head_and_names(encoder):
    assert encoder.output.shape == (None, 512)
    assert [layer.name for layer in encoder.layers][-4:] == [
        "head_1_batch_norm",
        "head_2_flatten",
        "head_3_dense",
        "embedding",
    ]
    assert encoder.get_layer("head_2_flatten").output.shape == (None, 4 * 4 * 2048)
    assert encoder.get_layer("conv2_block3_out").output.shape == (None, 28, 28, 256)
    assert encoder.get_layer("conv4_block6_out").output.shape == (None, 7, 7, 1024)
    assert set(ARCFACE_MARGINS) <= {layer.name for layer in encoder.layers}


def test_frozen_with_gradients_to_the_pictures(encoder):
    pictures = tf.random.stateless_uniform((1, 112, 112, 3), seed=(1, 2))
    with tf.GradientTape() as tape:
        tape.watch(pictures)
        loss = tf.reduce_sum(encoder(pictures, training=True) ** 2)
    gradient = tape.gradient(loss, pictures).numpy()
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).sum() > 0
    assert encoder.trainable_weights == []
