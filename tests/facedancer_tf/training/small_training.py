"""A small training step on real faces, for the tests of the step."""

import dataclasses
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from facedancer_tf.training.config import TrainConfig
from facedancer_tf.training.config_sections import (
    AugmentationConfig,
    DataConfig,
    DiscriminatorConfig,
    EncoderConfig,
    GeneratorConfig,
    LossConfig,
)
from facedancer_tf.training.models import Models, build_models
from facedancer_tf.training.train_step import TrainStep, build_optimizer, build_train_step
from networks.encoders import tap_encoder
from tests.stub_encoder import stub_encoder

SMALL = TrainConfig(
    size_px=64,
    batch_size=4,
    data=DataConfig(augmentation=AugmentationConfig("none")),
    generator=GeneratorConfig(base_filters=4, mapping_depth=1, mapping_width=16),
    discriminator=DiscriminatorConfig(base_filters=4, down_blocks=3),
    encoder=EncoderConfig("sface"),
    loss=LossConfig(perceptual=0.0),
)


def with_settings(config: TrainConfig, **changes: Any) -> TrainConfig:
    """`with_settings(SMALL, batch_size=2, loss={"cycle": 0})`: nested settings as dicts."""
    sections = {
        k for k, v in changes.items() if isinstance(v, dict) and dataclasses.is_dataclass(getattr(config, k))
    }
    nested = {k: dataclasses.replace(getattr(config, k), **changes[k]) for k in sections}
    return dataclasses.replace(config, **{**changes, **nested})


@dataclasses.dataclass(frozen=True)
class Built:
    models: Models
    step: TrainStep
    generator_optimizer: keras.optimizers.Optimizer
    discriminator_optimizer: keras.optimizers.Optimizer


def build(
    config: TrainConfig, strategy: tf.distribute.Strategy | None = None, models: Models | None = None
) -> Built:
    """The step of `config`, with its own networks or with `models`."""
    strategy = strategy or tf.distribute.get_strategy()
    with strategy.scope():
        models = models or build_models(config, shrink=1.0)
        optimizers = [
            build_optimizer(config, m.trainable_variables) for m in (models.generator, models.discriminator)
        ]
    step = build_train_step(models, config, optimizers[0], optimizers[1], strategy)
    return Built(models, step, optimizers[0], optimizers[1])


def tiny_models(config: TrainConfig, shrink: float = 1.0) -> Models:
    """Networks of a layer or two with what a step needs of them: its graph is built in a second."""
    size_px, encoder = config.size_px, stub_encoder()
    keras.utils.set_random_seed(config.seed)
    blocks = {block: None for stage in config.stages() for block in stage.margins}

    def generator(name: str) -> keras.Model:
        target, identity = keras.Input((size_px, size_px, 3)), keras.Input((encoder.description.width,))
        colour = keras.layers.Reshape((1, 1, 3))(keras.layers.Dense(3)(identity))
        swapped = keras.layers.Conv2D(3, 3, padding="same")(target) + colour
        return keras.Model([target, identity], swapped, name=name)

    picture = keras.Input((size_px, size_px, 3))
    logits = keras.layers.Conv2D(1, 8, strides=8)(keras.ops.tanh(picture))
    networks = generator("generator"), generator("averaged_generator"), keras.Model(picture, logits)
    networks[1].set_weights(networks[0].get_weights())
    tapped = tap_encoder(encoder.network, list(blocks))
    return Models(*networks, tapped, encoder.description, encoder.fingerprint, None, shrink)


def build_tiny(config: TrainConfig) -> Built:
    return build(config, models=tiny_models(config))


def batch_of(crops: np.ndarray, targets: list[int], sources: list[int]) -> dict[str, tf.Tensor]:
    """The pipeline's batch of these crops (uint8): pairs (target, source), flagged where they are the same."""
    pictures = crops.astype("float32") / 127.5 - 1.0
    return {
        "target": tf.constant(pictures[targets]),
        "source": tf.constant(pictures[sources]),
        "self_swap": tf.constant([float(t == s) for t, s in zip(targets, sources, strict=True)]),
        "sample": tf.range(len(targets), dtype=tf.int64),
    }
