"""The encoders' descriptions, the pictures made for them, taps, and loading with its refusals."""

import shutil
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from facedancer_tf.errors import UserError
from facedancer_tf.weights import embedded as embedded_weights
from facedancer_tf.weights import identity_encoder
from facedancer_tf.weights.archive import fingerprint
from facedancer_tf.weights.encoder_file import EncoderRecipe, save_encoder_file
from networks.encoders import ARCFACE_MARGINS, ENCODERS, prepare_pictures, tap_encoder


@pytest.fixture
def tiny():
    """An encoder of two layers, to test the loading and tapping of any."""
    pictures = keras.Input((112, 112, 3))
    x = keras.layers.Conv2D(4, 3, strides=16, name="block1_out")(pictures)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(pictures, keras.layers.Dense(8, name="dense")(x), name="tiny")


@pytest.mark.parametrize("name", sorted(ENCODERS))
def test_descriptions_fit_their_networks(name):
    description = ENCODERS[name]
    model = description.build()
    assert description.name == name
    assert model.input.shape == (None, description.size_px, description.size_px, 3)
    assert model.output.shape == (None, description.width)
    heights = [model.get_layer(block).output.shape[1] for block in description.ifsr_blocks]
    assert heights == sorted(heights)  # deep, small maps first
    assert len(heights) >= 4
    assert all(0 < margin < 1 for margin in description.margins.values())
    assert set(description.margins) <= set(description.ifsr_blocks)
    assert model.trainable_weights == []


def test_blocks_with_margins_are_the_blocks_unless_others_are_named():
    assert ENCODERS["sface"].ifsr_blocks == ("stage5_block1_out", *ENCODERS["sface"].margins)
    assert ENCODERS["arcface_resnet50"].ifsr_blocks == tuple(ARCFACE_MARGINS)
    blocks = ENCODERS["iresnet50"].ifsr_blocks
    assert (blocks[0], blocks[3], blocks[-1]) == ("stage4_unit3_out", "stage3_unit14_out", "stage1_unit1_out")
    assert len(blocks) == 24
    assert ENCODERS["iresnet50"].margins == {}


def test_released_margins():
    assert ARCFACE_MARGINS["conv4_block6_out"] == 0.121357
    assert ARCFACE_MARGINS["conv2_block3_out"] == 0.035144
    assert sum(ARCFACE_MARGINS.values()) == pytest.approx(0.888137)


@pytest.mark.parametrize(("name", "low", "high"), [("sface", 0.0, 255.0), ("arcface_resnet50", 0.0, 1.0)])
def test_ranges(name, low, high):
    pictures = np.full((1, 128, 128, 3), -1.0, np.float32)
    pictures[..., 1] = 1.0
    prepared = np.asarray(prepare_pictures(ENCODERS[name], pictures))
    assert prepared.shape == (1, 112, 112, 3)
    np.testing.assert_allclose(prepared[0, 0, 0], [low, high, low], atol=1e-4)


def test_bgr_encoders_get_bgr():
    pictures = np.zeros((1, 112, 112, 3), np.float32)
    pictures[..., 0] = 1.0
    prepared = np.asarray(prepare_pictures(replace(ENCODERS["sface"], channel_order="BGR"), pictures))
    np.testing.assert_allclose(prepared[0, 0, 0], [127.5, 127.5, 255.0])


def test_resize_is_bilinear_without_antialiasing():
    pictures = np.random.default_rng(0).random((1, 256, 256, 3)).astype(np.float32) * 2 - 1
    expected = tf.image.resize((pictures + 1) / 2, (112, 112), "bilinear", antialias=False)
    np.testing.assert_allclose(prepare_pictures(ENCODERS["arcface_resnet50"], pictures), expected, atol=1e-5)


def test_shrink_cuts_out_the_middle():
    pictures = np.full((1, 160, 160, 3), -1.0, np.float32)
    pictures[:, 24:136, 24:136] = 1.0  # 0.7 of the picture
    prepared = prepare_pictures(ENCODERS["sface"], pictures, shrink=0.7)
    np.testing.assert_allclose(prepared, np.full((1, 112, 112, 3), 255.0))
    with pytest.raises(ValueError, match="`shrink` must be above 0"):
        prepare_pictures(ENCODERS["sface"], pictures, shrink=0.0)


def test_pictures_beyond_the_range_keep_their_gradient():
    pictures = tf.constant(np.full((1, 64, 64, 3), 1.5, np.float32))
    with tf.GradientTape() as tape:
        tape.watch(pictures)
        total = tf.reduce_sum(prepare_pictures(ENCODERS["arcface_resnet50"], pictures))
    gradient = tape.gradient(total, pictures).numpy()
    assert gradient.sum() == pytest.approx(112 * 112 * 3 / 2, rel=1e-4)


def test_taps_share_one_pass(tiny):
    tapped = tap_encoder(tiny, ("block1_out",))
    answer = tapped(np.ones((2, 112, 112, 3), np.float32))
    assert set(answer) == {"embedding", "block1_out"}
    np.testing.assert_allclose(answer["embedding"], tiny(np.ones((2, 112, 112, 3), np.float32)))
    with pytest.raises(ValueError, match="`block_names` must be layers of tiny"):
        tap_encoder(tiny, ("block9_out",))


def test_unknown_encoder_and_missing_weights(tmp_path):
    with pytest.raises(ValueError, match="`name` must be one of"):
        identity_encoder.load_encoder("cosface")
    with pytest.raises(UserError, match="comes without weights"):
        identity_encoder.load_encoder("arcface_resnet50")
    with pytest.raises(UserError, match=r"no encoder file .*none\.keras"):
        identity_encoder.load_encoder("sface", tmp_path / "none.keras")


def test_an_encoder_file_brings_its_own_range_and_is_not_taken_for_another(tiny, tmp_path, monkeypatch):
    described = replace(ENCODERS["arcface_resnet50"], build=lambda dtype: keras.models.clone_model(tiny))
    monkeypatch.setitem(ENCODERS, "arcface_resnet50", described)
    recipe = EncoderRecipe("arcface_resnet50", {}, -1.0, 1.0, "ours", "a test", fingerprint(tiny))
    save_encoder_file(tiny, recipe, tmp_path / "own.keras")
    loaded = identity_encoder.load_encoder("arcface_resnet50", tmp_path / "own.keras")
    pictures = np.ones((1, 112, 112, 3), np.float32)
    np.testing.assert_array_equal(loaded.network(pictures), tiny(pictures))
    assert (loaded.description.low, loaded.description.licence) == (-1.0, "ours")
    assert loaded.fingerprint == recipe.fingerprint
    with pytest.raises(UserError, match="holds the encoder arcface_resnet50, but sface is needed"):
        identity_encoder.load_encoder("sface", tmp_path / "own.keras")


@pytest.mark.parametrize("folder", ["sface", "dlib"])
def test_damaged_or_missing_embedded_weights(folder, tmp_path):
    shutil.copytree(embedded_weights.ASSETS / folder, tmp_path / folder)
    assert embedded_weights.read_embedded_weights(tmp_path / folder)
    path = tmp_path / folder / "weights.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match="damaged"):
        embedded_weights.read_embedded_weights(tmp_path / folder)
    path.unlink()
    with pytest.raises(UserError, match="missing"):
        embedded_weights.read_embedded_weights(tmp_path / folder)


def test_assigning_needs_every_layer(tiny):
    with pytest.raises(ValueError, match=r"Received: \['dense'\] differ"):
        embedded_weights.assign_weights(tiny, {"block1_out": tiny.get_layer("block1_out").get_weights()})
