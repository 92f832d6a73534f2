"""First weights of a new run from files, where the config names some; everything that must fit is checked."""

from pathlib import Path

import keras

from facedancer_tf.errors import UserError
from facedancer_tf.training.config import TrainConfig
from facedancer_tf.training.models import Models, generator_arguments
from facedancer_tf.weights.catalogue import find_weights
from facedancer_tf.weights.discriminator_file import load_discriminator_file
from facedancer_tf.weights.model_file import load_model_file

ATTENTION = ("affa", "d_affa", "do_affa")
# sigmoid(3) = 0.95: a gate that joins a trained generator takes the decoder's features at first, as if it were not
# there, and can still learn to let the target's through.
JOINING_GATE_LOGIT = 3.0


def take_start_weights(models: Models, config: TrainConfig) -> None:
    """Puts `config.start_from`'s weights into the generator, its average and the discriminator.

    The generator's plan may have AFFA where the file's has no skip: the run begins as the file's model, whose target
    features stop at a few depths, and learns to let those of the other depths through. So it learns identities first.

    Raises UserError where a file's network is not the config's, or was trained with another encoder or crop.
    """
    if config.start_from.generator is not None:
        path = find_weights(config.start_from.generator, "generator")
        generator, recipe = load_model_file(path)
        wanted = {**generator_arguments(config), "encoder": config.encoder.name, "shrink": models.shrink}
        found = {**recipe.generator, "encoder": recipe.encoder, "shrink": recipe.shrink}
        if _only_gains_attention(found["fusion"], wanted["fusion"]):
            found["fusion"] = wanted["fusion"]
        _check_equal(path, wanted, found)
        if recipe.encoder_fingerprint not in ("", models.encoder_fingerprint):
            raise UserError(f"{path} was trained with other weights of the encoder {recipe.encoder}")
        _take_by_name(models.generator, generator)
        models.averaged.set_weights(models.generator.get_weights())
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


def _only_gains_attention(found: tuple, wanted: tuple) -> bool:
    return all(f == w or (f == "no_skip" and w in ATTENTION) for f, w in zip(found, wanted, strict=True))


def _take_by_name(generator: keras.Model, start: keras.Model) -> None:
    """Layer by layer; what `start` lacks are the layers of joining gates, which keep their random kernels."""
    known = {layer.name: layer for layer in start.layers}
    for layer in generator.layers:
        if layer.name in known:
            layer.set_weights(known[layer.name].get_weights())
        elif layer.name.endswith("_mask_conv"):
            layer.bias.assign(keras.ops.full_like(layer.bias, JOINING_GATE_LOGIT))


def _check_equal(path: Path, wanted: dict, found: dict) -> None:
    different = [name for name in wanted if found.get(name) != wanted[name]]
    if different:
        name = different[0]
        raise UserError(
            f"`start_from` needs the config's own network: {path} has {name} {found.get(name)}, "
            f"the config {wanted[name]}"
        )
