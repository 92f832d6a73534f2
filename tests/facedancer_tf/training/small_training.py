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
    plain = {k: v for k, v in changes.items() if not isinstance(v, dict)}
    nested = {
        k: dataclasses.replace(getattr(config, k), **v) for k, v in changes.items() if isinstance(v, dict)
    }
    return dataclasses.replace(config, **plain, **nested)


@dataclasses.dataclass(frozen=True)
class Built:
    models: Models
    step: TrainStep
    generator_optimizer: keras.optimizers.Optimizer
    discriminator_optimizer: keras.optimizers.Optimizer


def build(config: TrainConfig, strategy: tf.distribute.Strategy | None = None) -> Built:
    strategy = strategy or tf.distribute.get_strategy()
    with strategy.scope():
        models = build_models(config, shrink=1.0)
        optimizers = [
            build_optimizer(config, m.trainable_variables) for m in (models.generator, models.discriminator)
        ]
    step = build_train_step(models, config, optimizers[0], optimizers[1], strategy)
    return Built(models, step, optimizers[0], optimizers[1])


def batch_of(crops: np.ndarray, targets: list[int], sources: list[int]) -> dict[str, tf.Tensor]:
    """The pipeline's batch of these crops (uint8): pairs (target, source), flagged where they are the same."""
    pictures = crops.astype("float32") / 127.5 - 1.0
    return {
        "target": tf.constant(pictures[targets]),
        "source": tf.constant(pictures[sources]),
        "self_swap": tf.constant([float(t == s) for t, s in zip(targets, sources, strict=True)]),
    }
