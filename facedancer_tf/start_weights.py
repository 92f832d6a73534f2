"""First weights of a new run from files, where the config names some; everything that must fit is checked."""

from pathlib import Path

from facedancer_tf.config import TrainConfig
from facedancer_tf.discriminator_file import load_discriminator_file
from facedancer_tf.errors import UserError
from facedancer_tf.model_file import load_model_file
from facedancer_tf.models import Models, generator_arguments
from facedancer_tf.named_weights import find_weights


def take_start_weights(models: Models, config: TrainConfig) -> None:
    """Puts `config.start_from`'s weights into the generator, its average and the discriminator.

    Raises UserError where a file's network is not the config's, or was trained with another encoder or crop.
    """
    if config.start_from.generator is not None:
        path = find_weights(config.start_from.generator, "generator")
        generator, recipe = load_model_file(path)
        wanted = {**generator_arguments(config), "encoder": config.encoder.name, "shrink": models.shrink}
        found = {**recipe.generator, "encoder": recipe.encoder, "shrink": recipe.shrink}
        _check_equal(path, wanted, found)
        if recipe.encoder_fingerprint not in ("", models.encoder_fingerprint):
            raise UserError(f"{path} was trained with other weights of the encoder {recipe.encoder}")
        models.generator.set_weights(generator.get_weights())
        models.averaged.set_weights(generator.get_weights())
    if config.start_from.discriminator is not None:
        path = config.start_from.discriminator
        discriminator, of_discriminator = load_discriminator_file(path)
        settings = {"size_px": config.size_px, "base_filters": config.discriminator.base_filters}
        _check_equal(
            path,
            {"kind": config.discriminator.kind, **settings},
            {"kind": "image", **of_discriminator.discriminator},
        )
        models.discriminator.set_weights(discriminator.get_weights())


def _check_equal(path: Path, wanted: dict, found: dict) -> None:
    different = [name for name in wanted if found.get(name) != wanted[name]]
    if different:
        name = different[0]
        raise UserError(
            f"`start_from` needs the config's own network: {path} has {name} {found.get(name)}, "
            f"the config {wanted[name]}"
        )
