"""Compares the speed of a training step with the released one, layer by layer, on this machine's CPU.

    python -m benchmarks.train_step_speed --batch 2 --rounds 5

The recipe is the released one without VGG: 256 px, image-level discriminator, cycle and R1 every step, IFSR and
identity loss by an ArcFace ResNet-50 (random weights). "plain" builds both networks from `networks.reference`,
calls the encoder anew for every loss that needs it and computes each network's gradients by itself, in float32. "fast"
is the project's own step with the same config. "bfloat16" is that step in mixed_bfloat16, with R1 and without, and the
mean of 16 steps of which one has R1 (16 times as strong). All run interleaved in one process; times are medians, and
processor time counts both cores.
"""

import argparse
import dataclasses
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from facedancer_tf.quiet_start import load_tensorflow_quietly

if __name__ == "__main__":
    load_tensorflow_quietly()  # the imports below bring TensorFlow

import keras
import numpy as np
import tensorflow as tf

from benchmarks.weights import copy_weights
from facedancer_tf.training.config import TrainConfig
from facedancer_tf.training.config_sections import DiscriminatorConfig, LossConfig
from facedancer_tf.training.models import Models, generator_arguments
from facedancer_tf.training.train_step import Scalars, build_optimizer, build_train_step
from losses.adversarial import discriminator_adversarial, generator_adversarial
from losses.gradient_penalty import r1_logit_sum, r1_penalty
from losses.identity import identity_loss
from losses.ifsr import ifsr_loss
from losses.reconstruction import cycle_loss, reconstruction_loss
from networks.discriminator import build_image_discriminator
from networks.encoders import ENCODERS, tap_encoder
from networks.generator import build_generator
from networks.reference import build_reference_generator, build_reference_image_discriminator

Step = Callable[[], Scalars]
LAZY = 16


def released_config(size_px: int, batch: int, **changes: object) -> TrainConfig:
    config = TrainConfig(
        run=Path("unused"),
        size_px=size_px,
        batch_size=batch,
        discriminator=DiscriminatorConfig(kind="image"),
        loss=LossConfig(perceptual=0.0),
    )
    return dataclasses.replace(config, **changes)  # type: ignore[arg-type]


def build_models(config: TrainConfig, generator: keras.Model, discriminator: keras.Model) -> Models:
    description = ENCODERS["arcface_resnet50"]
    keras.utils.set_random_seed(1)
    network = description.build()
    gamma = network.get_layer("embedding").gamma  # random networks embed faces near zero, trained ones do not
    gamma.assign(30 * gamma)
    encoder = tap_encoder(network, tuple(config.margins))
    averaged = build_generator(
        **generator_arguments(config), dtype=config.precision, name="averaged_generator"
    )
    copy_weights(generator, averaged)
    return Models(generator, averaged, discriminator, encoder, description, "", None, 1.0)


def own_networks(
    config: TrainConfig, generator: keras.Model, discriminator: keras.Model
) -> tuple[keras.Model, keras.Model]:
    """The project's networks, with the weights of `generator` and `discriminator`."""
    networks = (
        build_generator(**generator_arguments(config), dtype=config.precision),
        build_image_discriminator(config.size_px, dtype=config.precision),
    )
    for source, network in zip((generator, discriminator), networks, strict=True):
        copy_weights(source, network)
    return networks


def optimizers(models: Models, config: TrainConfig) -> list[keras.optimizers.Optimizer]:
    return [
        build_optimizer(config, network.trainable_variables)
        for network in (models.generator, models.discriminator)
    ]


def plain_step(
    models: Models, config: TrainConfig, batch: dict[str, tf.Tensor], adams: list[keras.optimizers.Optimizer]
) -> Step:
    """The released step as its description has it: every loss computes what it needs."""
    loss, (of_generator, of_discriminator) = config.loss, adams

    @tf.function(autograph=False)
    def step(target: tf.Tensor, source: tf.Tensor, flags: tf.Tensor) -> Scalars:
        z = models.faces(source)["embedding"]
        with tf.GradientTape() as generator_tape, tf.GradientTape() as discriminator_tape:
            swapped = models.generator([target, z], training=True)
            fake = models.discriminator(swapped, training=True)
            with tf.GradientTape() as tape:
                tape.watch(source)
                real = models.discriminator(source, training=True)
                total = r1_logit_sum(real)
            terms = {
                "adversarial": tf.reduce_mean(generator_adversarial(fake)),
                "identity": tf.reduce_mean(identity_loss(z, models.faces(swapped)["embedding"])),
                "ifsr": ifsr_loss(
                    models.faces(target), models.faces(swapped), config.margins, loss.ifsr_scale
                ),
                "reconstruction": reconstruction_loss(target, swapped, flags, config.batch_size),
                "cycle": tf.reduce_mean(
                    cycle_loss(
                        target, models.generator([swapped, models.faces(target)["embedding"]], training=True)
                    )
                ),
            }
            generator_loss = tf.add_n([getattr(loss, name) * value for name, value in terms.items()])
            terms["discriminator"] = tf.reduce_mean(discriminator_adversarial(real, fake))
            terms["r1"] = tf.reduce_mean(r1_penalty(tape.gradient(total, source)))
            discriminator_loss = terms["discriminator"] + loss.r1 * terms["r1"]
        for tape, value, network, optimizer in (
            (generator_tape, generator_loss, models.generator, of_generator),
            (discriminator_tape, discriminator_loss, models.discriminator, of_discriminator),
        ):
            variables = network.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(value, variables), variables, strict=True))
        return terms

    return lambda: step(batch["target"], batch["source"], batch["self_swap"])


def own_step(
    models: Models, config: TrainConfig, batch: dict[str, tf.Tensor], adams: list[keras.optimizers.Optimizer]
) -> dict[bool, Step]:
    """The project's step, without R1 and with it."""
    step = build_train_step(models, config, adams[0], adams[1], tf.distribute.get_strategy())
    return {r1: partial(step, batch, with_r1=r1, with_cycle=True) for r1 in (False, True)}


def smooth_faces(batch: int, size_px: int) -> dict[str, tf.Tensor]:
    """A batch of pictures as smooth as faces; the first pair is a self-swap."""
    shape, size = (batch, 8, 8, 3), (size_px, size_px)
    target, source = (
        tf.image.resize(tf.random.stateless_uniform(shape, (0, i), -1, 1), size, "bicubic") for i in (0, 1)
    )
    source = tf.concat([target[:1], source[1:]], 0)
    return {"target": target, "source": source, "self_swap": tf.one_hot(0, batch)}


def gradient_sizes(models: Models, adams: list[keras.optimizers.Optimizer]) -> dict[str, np.ndarray]:
    """|g| of every weight after one step, by name: Adam's second moment is then (1 − β2)·g²."""
    return {
        variable.path: np.sqrt(moment.numpy() / (1 - adam.beta_2))
        for network, adam in zip((models.generator, models.discriminator), adams, strict=True)
        for variable, moment in zip(network.trainable_variables, adam._velocities, strict=True)
    }


def distance(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> float:
    """The norm of the difference divided by the norm of `one`, over all weights together."""
    apart = sum(float(np.sum((value - other[name]) ** 2)) for name, value in one.items())
    return float(np.sqrt(apart / sum(float(np.sum(value**2)) for value in one.values())))


def gradients_one_rounding_step_away(
    config: TrainConfig, data: dict[str, tf.Tensor], generator: keras.Model, discriminator: keras.Model
) -> dict[str, np.ndarray]:
    """`gradient_sizes` of the plain step on pictures whose every value is moved by one rounding step, up or down."""
    networks = build_reference_generator(config.size_px), build_reference_image_discriminator(config.size_px)
    for source, network in zip((generator, discriminator), networks, strict=True):
        copy_weights(source, network)
    models = build_models(config, *networks)
    adams = optimizers(models, config)
    up_or_down = tf.sign(tf.random.stateless_normal(data["target"].shape, (5, 6)))
    step = 1 + np.finfo(np.float32).eps * up_or_down
    moved = {name: data[name] * step for name in ("target", "source")}
    plain_step(models, config, {**data, **moved}, adams)()
    return gradient_sizes(models, adams)


def report_equality(
    plain: Scalars, fast: Scalars, plain_sizes: dict[str, np.ndarray], fast_sizes: dict[str, np.ndarray]
) -> None:
    apart = {name: abs(float(fast[name]) / float(plain[name]) - 1) for name in plain if float(plain[name])}
    worst = max(apart, key=lambda name: apart[name])
    print(
        f"  losses differ by at most {apart[worst]:.1e} (relative, {worst}), gradients by "
        f"{distance(plain_sizes, fast_sizes):.1e} of their norm"
    )


def timed(step: Step) -> tuple[float, float]:
    """Wall and processor seconds of one step."""
    began, used = time.perf_counter(), time.process_time()
    for value in step().values():
        value.numpy()
    return time.perf_counter() - began, time.process_time() - used


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size-px", type=int, default=256)
    arguments = parser.parse_args()
    size_px, batch = arguments.size_px, arguments.batch
    config = released_config(size_px, batch)
    lazy = released_config(size_px, batch, precision="mixed_bfloat16", r1_every_steps=LAZY)
    keras.utils.set_random_seed(0)
    released = build_reference_generator(size_px), build_reference_image_discriminator(size_px)
    models = {
        "plain": build_models(config, *released),
        "fast": build_models(config, *own_networks(config, *released)),
        "bfloat16": build_models(lazy, *own_networks(lazy, *released)),
    }
    adams = {name: optimizers(m, lazy if name == "bfloat16" else config) for name, m in models.items()}
    data = smooth_faces(batch, size_px)
    rounding = gradients_one_rounding_step_away(config, data, *released)
    half = own_step(models["bfloat16"], lazy, data, adams["bfloat16"])
    steps = {
        "plain": plain_step(models["plain"], config, data, adams["plain"]),
        "fast": own_step(models["fast"], config, data, adams["fast"])[True],
        "bfloat16, with R1": half[True],
        "bfloat16, without": half[False],
    }
    first = {name: step() for name, step in steps.items()}  # traces, too
    print(f"{size_px} px, batch {batch}, released recipe without VGG:")
    sizes = [gradient_sizes(models[name], adams[name]) for name in ("plain", "fast")]
    report_equality(first["plain"], first["fast"], *sizes)
    own = distance(sizes[0], rounding)
    print(f"  (the plain step's own change by {own:.1e} where its pictures are a rounding step off)")
    rounds = [{name: timed(step) for name, step in steps.items()} for _ in range(arguments.rounds)]
    wall, cores = ({name: float(np.median([r[name][i] for r in rounds])) for name in steps} for i in (0, 1))
    for times in (wall, cores):
        with_r1, without = times["bfloat16, with R1"], times["bfloat16, without"]
        times[f"bfloat16, R1 every {LAZY}"] = (with_r1 + (LAZY - 1) * without) / LAZY
    for name in wall:
        print(f"  {name:22s} wall {wall[name]:7.2f} s {wall['plain'] / wall[name]:5.2f}x   processor "
              f"{cores[name]:7.2f} s {cores['plain'] / cores[name]:5.2f}x")  # fmt: skip


if __name__ == "__main__":
    main()
