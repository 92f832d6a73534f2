"""A new run can begin with imported weights, of just its own networks."""

import numpy as np
import pytest

from facedancer_tf.discriminator_file import DiscriminatorRecipe, save_discriminator_file
from facedancer_tf.errors import UserError
from facedancer_tf.model_file import ModelRecipe, save_model_file
from facedancer_tf.models import build_models, generator_arguments
from facedancer_tf.start_weights import take_start_weights
from tests.facedancer_tf.training import SMALL, with_settings

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
