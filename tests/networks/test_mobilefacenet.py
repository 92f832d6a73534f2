"""SFace's Keras model against ONNX Runtime on the original (block-quantised) file.

The golden file holds aligned real faces (the public-domain portraits of assets/pictures) and ONNX Runtime's answer for
the OpenCV zoo's int8bq file, its DequantizeLinear nodes folded into floats because the runtime refuses them;
scripts/convert_sface.py --golden makes it. Set FACEDANCER_SFACE_ONNX to that file to compare live as well.
"""

import os
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from facedancer_tf.weights import sface as sface_weights
from facedancer_tf.weights.identity_encoder import load_encoder
from networks.encoders import ENCODERS, prepare_pictures, tap_encoder
from networks.mobilefacenet import BLOCK_NAMES, build_mobilefacenet

GOLDEN = Path(__file__).parent / "sface_golden.npz"
SFACE = ENCODERS["sface"]


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("sface")


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN, allow_pickle=False) as archive:
        return dict(archive)


def test_embeddings_equal_onnx_runtime(encoder, golden):
    embedding = encoder.embed_crops(golden["pictures"])
    assert embedding.shape == (5, 128)
    np.testing.assert_allclose(embedding, golden["embedding"], atol=1e-4, rtol=0)


def test_blocks_equal_onnx_runtime(encoder, golden):
    blocks = ("stage2_block2_out", "stage4_block6_out")
    pictures = prepare_pictures(SFACE, golden["pictures"].astype(np.float32) / 127.5 - 1)
    answer = tap_encoder(encoder.network, blocks)(pictures)
    for block in blocks:
        means = np.mean(answer[block], axis=(1, 2))
        np.testing.assert_allclose(means, golden[f"{block}_channel_means"], atol=1e-4, rtol=0)


def test_live_comparison_where_the_original_file_is_at_hand(encoder, golden):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    path = os.environ.get("FACEDANCER_SFACE_ONNX")
    if not path:
        pytest.skip("FACEDANCER_SFACE_ONNX does not name the original file")
    from scripts.convert_sface import run_onnx

    turned = golden["pictures"][:, :, ::-1]  # mirrored faces, which the golden file does not hold
    live = run_onnx(onnx.load(path), turned)["embedding"]
    np.testing.assert_allclose(encoder.embed_crops(turned), live, atol=1e-4, rtol=0)


def test_channel_order_matters(encoder, golden):
    wrong = encoder.embed_crops(golden["pictures"][..., ::-1])
    assert np.abs(wrong - golden["embedding"]).max() > 0.1


def test_different_people_are_far_apart(encoder, golden):
    unit = golden["embedding"] / np.linalg.norm(golden["embedding"], axis=1, keepdims=True)
    cosines = (unit @ unit.T)[np.triu_indices(len(unit), 1)]
    assert cosines.max() < 0.363  # the zoo's own threshold for one person


def test_gradients_reach_the_pictures_and_only_them(encoder, golden):
    pictures = tf.constant(golden["pictures"][:2].astype(np.float32) / 127.5 - 1)
    with tf.GradientTape() as tape:
        tape.watch(pictures)
        loss = tf.reduce_sum(encoder.network(prepare_pictures(SFACE, pictures)) ** 2)
    gradient = tape.gradient(loss, pictures).numpy()
    assert np.isfinite(gradient).all()
    assert (np.abs(gradient).sum(axis=(1, 2)) > 0).all()
    assert encoder.network.trainable_weights == []


def test_training_flag_changes_nothing(encoder, golden):
    pictures = golden["pictures"][:1].astype(np.float32)
    np.testing.assert_array_equal(
        encoder.network(pictures, training=True), encoder.network(pictures, training=False)
    )


def test_block_sizes():
    model = build_mobilefacenet()
    assert len(BLOCK_NAMES) == 13
    assert model.count_params() == 9_629_632
    sizes = {block: model.get_layer(f"{block}_out").output.shape[1:] for block in BLOCK_NAMES}
    assert sizes["stage1_block1"] == (112, 112, 64)
    assert sizes["stage2_block2"] == (56, 56, 128)
    assert sizes["stage3_block2"] == (28, 28, 256)
    assert sizes["stage4_block6"] == (14, 14, 512)
    assert sizes["stage5_block2"] == (7, 7, 1024)


def test_bfloat16_keeps_the_direction(encoder, golden):
    half = load_encoder("sface", dtype="mixed_bfloat16")
    embedding = half.embed_crops(golden["pictures"][:2])
    assert embedding.dtype == np.float32
    assert half.network.get_layer("stage4_block6_out").output.dtype == "bfloat16"
    expected = golden["embedding"][:2]
    cosines = np.sum(embedding * expected, axis=1) / (
        np.linalg.norm(embedding, axis=1) * np.linalg.norm(expected, axis=1)
    )
    assert cosines.min() > 0.99


def test_float32_under_a_half_precision_policy():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build_mobilefacenet()
    finally:
        keras.config.set_dtype_policy("float32")
    assert {layer.compute_dtype for layer in model.layers[1:]} == {"float32"}


def test_dequantise_by_hand():
    values = np.array([[1, 2, 3, -4, 5]], np.int8)
    scales = np.array([[0.5, 2.0, 1.0]], np.float32)  # blocks of two, the last one short
    zero_points = np.array([[1, 0, -3]], np.int8)
    expected = [[0.0, 0.5, 6.0, -8.0, 8.0]]
    np.testing.assert_array_equal(sface_weights.dequantise(values, scales, zero_points), expected)
