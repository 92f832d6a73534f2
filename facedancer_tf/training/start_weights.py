"""Takes the first weights of a new run from the files that the config names, and checks all that must fit."""

from pathlib import Path

import keras

from facedancer_tf.errors import UserError
from facedancer_tf.training.config import TrainConfig
from facedancer_tf.training.models import Models, generator_arguments
from facedancer_tf.weights.catalogue import find_weights
from facedancer_tf.weights.discriminator_file import load_discriminator_file
from facedancer_tf.weights.model_file import load_model_file

ATTENTION = ("affa", "d_affa", "do_affa")
# sigmoid(3) = 0.95: at first, a gate that joins a trained generator takes the decoder's features, as if the gate were
# not there; it can still learn to let the target's features through.
JOINING_GATE_LOGIT = 3.0


def take_start_weights(models: Models, config: TrainConfig) -> None:
    """Puts `config.start_from`'s weights into the generator, its average and the discriminator.

    The generator may have AFFA where the file's generator has no skip. The run then begins as the file's model, which
    gets the target's features at a few depths only, and learns to let the features of the other depths through. So it
    learns identities first.

    Raises UserError where a file's network is not the config's, or was trained with another encoder or crop.
    """
    if config.start_from.generator is not None:
        path = find_weights(config.start_from.generator, "generator")
        generator, recipe = load_model_file(path)
        expected = {**generator_arguments(config), "encoder": config.encoder.name, "shrink": models.shrink}
        stored = {**recipe.generator, "encoder": recipe.encoder, "shrink": recipe.shrink}
        if _only_gains_attention(stored["fusion"], expected["fusion"]):
            stored["fusion"] = expected["fusion"]
        _check_equal(path, expected, stored)
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


def _only_gains_attention(stored: tuple, expected: tuple) -> bool:
    """Says whether two fusion plans differ only where the expected one has AFFA and the stored one has no skip."""
    return all(s == e or (s == "no_skip" and e in ATTENTION) for s, e in zip(stored, expected, strict=True))


def _take_by_name(generator: keras.Model, start: keras.Model) -> None:
    """Copies the weights layer by layer; layers of joining gates, which `start` lacks, keep their random kernels."""
    known = {layer.name: layer for layer in start.layers}
    for layer in generator.layers:
        if layer.name in known:
            layer.set_weights(known[layer.name].get_weights())
        elif layer.name.endswith("_mask_conv"):
            layer.bias.assign(keras.ops.full_like(layer.bias, JOINING_GATE_LOGIT))


def _check_equal(path: Path, expected: dict, stored: dict) -> None:
    """Raises UserError where the settings stored in `path` are not those that the config expects."""
    different = [name for name in expected if stored.get(name) != expected[name]]
    if different:
        name = different[0]
        raise UserError(
            f"`start_from` needs the config's own network: {path} has {name} {stored.get(name)}, "
            f"the config {expected[name]}"
        )
