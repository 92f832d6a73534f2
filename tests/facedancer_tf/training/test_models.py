import dataclasses

import keras
import numpy as np
import pytest

from facedancer_tf.errors import UserError
from facedancer_tf.training import models
from tests.facedancer_tf.training.small_training import SMALL, batch_of, build, tiny_models, with_settings

VGG16 = keras.applications.VGG16


def test_vgg_out_of_reach_is_one_sentence_that_names_the_setting(monkeypatch):
    def fail(**arguments):
        raise Exception("URL fetch failure on …: None -- Name or service not known")  # as Keras does it

    monkeypatch.setattr(keras.applications, "VGG16", fail)
    with pytest.raises(UserError, match=r"`loss\.perceptual` to 0"):
        models.build_vgg()


def test_a_step_with_the_perceptual_loss(monkeypatch, face_crops):
    # Random weights instead of the downloaded ones: the wiring is what is tested.
    monkeypatch.setattr(
        keras.applications, "VGG16", lambda **arguments: VGG16(**{**arguments, "weights": None})
    )
    config = with_settings(SMALL, loss={"perceptual": 0.2, "identity": 0.0, "ifsr": 0.0, "cycle": 0.0})
    built = build(config, models=dataclasses.replace(tiny_models(config), vgg=models.build_vgg()))
    assert built.models.vgg is not None
    assert [output.shape[1:3] for output in built.models.vgg(np.zeros((1, 64, 64, 3)))] == [
        (32, 32), (16, 16), (8, 8), (4, 4), (2, 2)
    ]  # fmt: skip
    scalars = built.step(batch_of(face_crops, [0, 1, 2, 3], [0, 2, 3, 4]), with_r1=False, with_cycle=False)
    assert float(scalars["perceptual"]) > 0
    expected = scalars["adversarial"] + 5 * scalars["reconstruction"] + 0.2 * scalars["perceptual"]
    assert float(scalars["generator_total"]) == pytest.approx(float(expected), rel=1e-5)


def test_initial_weights_follow_from_the_seed():
    first, same, other = (models.build_models(with_settings(SMALL, seed=seed), 1.0) for seed in (3, 3, 4))
    for name in ("generator", "averaged", "discriminator"):
        a, b, c = (getattr(m, name).get_weights()[0] for m in (first, same, other))
        np.testing.assert_array_equal(a, b)
        assert not np.array_equal(a, c)
    np.testing.assert_array_equal(first.generator.get_weights()[0], first.averaged.get_weights()[0])


def test_pictures_aligned_with_a_shrink_are_cut_before_the_encoder(face_crops):
    crops = face_crops.astype("float32") / 127.5 - 1
    plain, shrunk = models.build_models(SMALL, 1.0), models.build_models(SMALL, 0.75)
    middle = plain.faces(crops[:, 8:-8, 8:-8])["embedding"]
    np.testing.assert_allclose(shrunk.faces(crops)["embedding"], middle, atol=1e-4)


def test_the_networks_serve_every_stage_of_a_schedule():
    later = {5: {"loss.ifsr": 1.0, "loss.ifsr_margins": {"stage3_block1_out": 0.1}},
             9: {"loss.ifsr_margins": {"stage4_block1_out": 0.1}, "loss.identity": 3.0}}  # fmt: skip
    built = models.build_models(with_settings(SMALL, loss={"ifsr": 0.0}, schedule=later), 1.0)
    assert set(built.encoder.output) == {"embedding", "stage3_block1_out", "stage4_block1_out"}
