"""Tests that a new run can begin with imported weights, but only with weights of its own networks."""

import numpy as np
import pytest

from facedancer_tf.errors import UserError
from facedancer_tf.training.models import build_models, generator_arguments
from facedancer_tf.training.start_weights import take_start_weights
from facedancer_tf.weights.discriminator_file import DiscriminatorRecipe, save_discriminator_file
from facedancer_tf.weights.model_file import ModelRecipe, save_model_file
from tests.facedancer_tf.training.small_training import SMALL, with_settings

IMAGE = with_settings(SMALL, discriminator={"kind": "image"})


def test_weights_are_taken_and_what_does_not_fit_is_refused(tmp_path):
    origin, models = build_models(with_settings(IMAGE, seed=5), 1.0), build_models(IMAGE, 1.0)
    fingerprint = models.encoder_fingerprint
    recipe = ModelRecipe(generator_arguments(IMAGE), IMAGE.encoder.name, 1.0, "", "", 0, "", fingerprint)
    filters = IMAGE.discriminator.base_filters
    arguments = {"size_px": IMAGE.size_px, "base_filters": filters}
    save_model_file(origin.generator, recipe, tmp_path / "g.keras")
    save_discriminator_file(
        origin.discriminator, DiscriminatorRecipe(arguments, "", ""), tmp_path / "d.keras"
    )
    start = {"generator": str(tmp_path / "g.keras"), "discriminator": tmp_path / "d.keras"}
    take_start_weights(models, with_settings(IMAGE, start_from=start))
    for ours, theirs in (
        (models.generator, origin.generator), (models.averaged, origin.generator),
        (models.discriminator, origin.discriminator),
    ):  # fmt: skip
        for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)

    def refused(says, config, shrink=1.0):
        with pytest.raises(UserError, match=says):
            take_start_weights(build_models(config, shrink), config)

    other = with_settings(IMAGE, start_from=start, generator={"mapping_width": 8})
    refused(r"g\.keras has mapping_width 16, the config 8", other)
    refused(r"g\.keras has shrink 1\.0, the config 0\.9", with_settings(IMAGE, start_from=start), 0.9)
    refused(r"d\.keras has kind image, the config patch", with_settings(SMALL, start_from=start))
    refused("holds a discriminator, not a generator",
            with_settings(SMALL, start_from={"generator": str(tmp_path / "d.keras")}))  # fmt: skip
    foreign = ModelRecipe(generator_arguments(IMAGE), IMAGE.encoder.name, 1.0, "", "", 0, "", "another")
    save_model_file(origin.generator, foreign, tmp_path / "f.keras")
    refused("other weights of the encoder sface",
            with_settings(SMALL, start_from={"generator": str(tmp_path / "f.keras")}))  # fmt: skip


def test_a_plan_may_gain_attention_and_begins_as_the_model_without(tmp_path):
    """The joining gates hardly change the picture, and forced open they change nothing."""
    without = with_settings(SMALL, generator={"fusion": ("no_skip", "affa", *["no_skip"] * 4)})
    joined = with_settings(
        SMALL, generator={"fusion": ("affa", "affa", "no_skip", "do_affa", "d_affa", "affa")}
    )
    origin, models = build_models(without, 1.0), build_models(with_settings(joined, seed=5), 1.0)
    recipe = ModelRecipe(generator_arguments(without), "sface", 1.0, "", "", 0, "", "")
    save_model_file(origin.generator, recipe, tmp_path / "g.keras")
    start = {"generator": str(tmp_path / "g.keras")}
    take_start_weights(models, with_settings(joined, start_from=start))
    rng = np.random.default_rng(0)
    pair = [rng.uniform(-1, 1, (2, 64, 64, 3)).astype("float32"), rng.normal(size=(2, 128)).astype("float32")]
    before = np.asarray(origin.generator(pair))
    apart = np.abs(np.asarray(models.averaged(pair)) - before).mean()
    assert 0 < apart < 0.2 * before.std()
    fresh = build_models(with_settings(joined, seed=5), 1.0)
    assert apart < 0.3 * np.abs(np.asarray(fresh.generator(pair)) - before).mean()
    for layer in models.generator.layers:
        if layer.name.endswith("_mask_conv") and layer.name != "decoder_8_affa_mask_conv":
            layer.kernel.assign(layer.kernel * 0)
            layer.bias.assign(layer.bias * 0 + 50)
    old_gate = origin.generator.get_layer("decoder_8_affa_mask_conv").get_weights()
    models.generator.get_layer("decoder_8_affa_mask_conv").set_weights(old_gate)
    np.testing.assert_allclose(models.generator(pair), before, atol=1e-5)

    save_model_file(
        models.averaged,
        ModelRecipe(generator_arguments(joined), "sface", 1.0, "", "", 0),
        tmp_path / "g.keras",
    )
    with pytest.raises(UserError, match="has fusion"):
        take_start_weights(origin, with_settings(without, start_from=start))
