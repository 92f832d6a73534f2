"""The loop around the step: iterate, log, picture, save, stop cleanly."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import tensorflow as tf
from tqdm import tqdm

from data.augmentation import colour_and_geometry_augmentation, released_augmentation
from data.manifest import Manifest, read_manifest
from data.pipeline import Augmentation, build_dataset
from facedancer_tf.checkpoints import RunState
from facedancer_tf.config import TrainConfig
from facedancer_tf.errors import UserError
from facedancer_tf.model_file import ModelRecipe, save_model_file
from facedancer_tf.models import Models, build_models, generator_arguments
from facedancer_tf.run_folder import (
    CHECKPOINTS,
    LOGS,
    MODEL,
    PICTURES,
    only_writer,
    refuse_other_run,
    write_config,
)
from facedancer_tf.start_weights import take_start_weights
from facedancer_tf.stop_signals import stop_signals
from facedancer_tf.train_step import Scalars, TrainStep, build_optimizer, build_train_step
from facedancer_tf.validation import Validation


def train(config: TrainConfig) -> None:
    """Trains until `config.steps`, from the run folder's newest checkpoint where there is one.

    Writes into `config.run`: config.yaml, checkpoints/, logs/ (TensorBoard), pictures/ and model.keras (the
    averaged generator). SIGTERM and Ctrl-C save and return.

    Raises:
        UserError: for unusable data, a run folder of another config, or a loss or weight that is not finite.
    """
    manifest = _read_data(config)
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    strategy = tf.distribute.get_strategy()
    if config.strategy == "mirrored":
        strategy = tf.distribute.MirroredStrategy([device.name for device in devices])
    if config.batch_size % strategy.num_replicas_in_sync:
        raise UserError(
            f"`batch_size` must be a multiple of the {strategy.num_replicas_in_sync} devices. "
            f"Received: {config.batch_size}"
        )
    refuse_other_run(config)
    with strategy.scope():
        models = build_models(config, manifest.shrink)
        optimizers = {
            "generator_optimizer": build_optimizer(config, models.generator.trainable_variables),
            "discriminator_optimizer": build_optimizer(config, models.discriminator.trainable_variables),
        }
    with only_writer(config.run):
        state = RunState(models, **optimizers, folder=config.run / CHECKPOINTS, keep=config.keep_checkpoints)
        resumed = state.restore()
        if not resumed:
            take_start_weights(models, config)
        write_config(config)

        def export() -> None:
            recipe = _recipe(config, manifest, models.encoder_fingerprint, int(state.step))
            save_model_file(models.averaged, recipe, config.run / MODEL)

        if int(state.step) >= config.steps:
            export()  # a kill may have come between the last checkpoint and its model file
            print(f"{config.run} has its {config.steps} steps already; raise `steps` to go on.")
            return
        print(
            f"{'Continuing' if resumed else 'Starting'} {config.run} at step {int(state.step)} of {config.steps} "
            f"on {strategy.num_replicas_in_sync} x {devices[0].device_type}."
        )
        step = build_train_step(models, config, **optimizers, strategy=strategy)
        validation = _validation(models, config, manifest)
        # A run that goes on with another batch size leaves out what would complete a batch of that size.
        state.next_sample.assign(math.ceil(int(state.next_sample) / config.batch_size) * config.batch_size)
        batches = training_batches(config, int(state.next_sample), strategy)
        _iterate(config, state, step, batches, validation, export)


def _iterate(
    config: TrainConfig,
    state: RunState,
    step: TrainStep,
    batches: Iterator,
    validation: Validation | None,
    export: Callable[[], None],
) -> None:
    """Runs the remaining steps, or those until a signal asks to stop."""
    first = int(state.step)
    before: Scalars = {}
    writer = tf.summary.create_file_writer(str(config.run / LOGS))
    with (
        stop_signals() as stopped,
        writer.as_default(),
        tqdm(total=config.steps, initial=first, unit="step", dynamic_ncols=True) as bar,
    ):
        for number in range(first + 1, config.steps + 1):
            scalars = step(
                next(batches),
                with_r1=bool(config.loss.r1) and number % config.r1_every_steps == 0,
                with_cycle=bool(config.loss.cycle) and number % config.cycle_every_steps == 0,
            )
            # Of the step before, so that the device goes on while we look.
            stop_if_not_finite(before, number - 1)
            before = scalars
            state.step.assign(number)
            state.next_sample.assign_add(config.batch_size)
            bar.update()
            last = number == config.steps or stopped()
            if number % config.log_every_steps == 0 or last:
                _log(scalars, number, bar)
            if number % config.save_every_steps == 0 or last:
                stop_if_not_finite(scalars, number)
                state.save()
                export()
            if validation and (number % config.validate_every_steps == 0 or number == config.steps):
                _validate(validation, number, config.run, bar)
            if last and number < config.steps:
                bar.write(f"Stopped at step {number}; the same command goes on from here.")
                break


def _read_data(config: TrainConfig) -> Manifest:
    try:
        manifest = read_manifest(config.data.folder)
    except ValueError as error:
        raise UserError(str(error)) from error
    if not manifest.count("train"):
        raise UserError(
            f"{config.data.folder} holds no training pictures: see the report that prepare_data.py wrote."
        )
    if config.size_px > manifest.size_px:
        raise UserError(
            f"`size_px` must be at most the {manifest.size_px} px of {config.data.folder}. Received: {config.size_px}"
        )
    return manifest


def _recipe(config: TrainConfig, manifest: Manifest, encoder_fingerprint: str, step: int) -> ModelRecipe:
    pictures, source = manifest.count("train"), manifest.settings.get("source", "pictures of its user")
    return ModelRecipe(
        generator=generator_arguments(config),
        encoder=config.encoder.name,
        shrink=manifest.shrink,
        trained_on=f"{pictures} crops, {source}",
        licence=config.licence,
        step=step,
        encoder_fingerprint=encoder_fingerprint,
    )


def _augmentation(config: TrainConfig) -> Augmentation | None:
    settings = config.data.augmentation
    if settings.kind == "colour_and_geometry":
        return colour_and_geometry_augmentation(**settings.strengths())
    return released_augmentation() if settings.kind == "released" else None


def training_batches(config: TrainConfig, start_sample: int, strategy: tf.distribute.Strategy) -> Iterator:
    """The run's batches from `start_sample` on, spread over the devices of `strategy`."""
    dataset = build_dataset(
        config.data.folder, "train", config.size_px, config.batch_size, config.seed, start_sample,
        config.data.self_swap_probability, _augmentation(config),
    )  # fmt: skip
    return iter(strategy.experimental_distribute_dataset(dataset))


def _validation(models: Models, config: TrainConfig, manifest: Manifest) -> Validation | None:
    pictures = min(config.validation_pictures, manifest.count("validation"))
    if not pictures:
        print("The data has no validation pictures: training without held-out figures and pictures.")
        return None
    batch_size = min(config.batch_size, pictures)
    dataset = build_dataset(
        config.data.folder, "validation", config.size_px, batch_size, seed=0, self_swap_probability=0.0
    )
    return Validation(models, dataset.take(math.ceil(pictures / batch_size)))


def stop_if_not_finite(scalars: Scalars, step: int) -> None:
    """Raises UserError naming the first term that is NaN or infinite. Nothing is saved from then on."""
    broken = [name for name, value in scalars.items() if not math.isfinite(float(value))]
    if broken:
        raise UserError(
            f"the loss term {broken[0]!r} is not finite at step {step} (not finite: {', '.join(broken)}); the last "
            "checkpoint is from before: lower `optimizer.learning_rate` or that term's weight and start again."
        )


def _log(scalars: Scalars, step: int, bar: tqdm) -> None:
    for name, value in scalars.items():
        tf.summary.scalar(f"train/{name}", value, step)
    shown = {"G": "generator_total", "D": "discriminator_total", "id": "identity", "rec": "reconstruction"}
    bar.set_postfix(
        {k: f"{float(scalars[name]):.3f}" for k, name in shown.items() if name in scalars}, refresh=False
    )


def _validate(validation: Validation, step: int, run: Path, bar: tqdm) -> None:
    scalars, grid = validation.scalars(), validation.grid()
    for name, value in scalars.items():
        tf.summary.scalar(f"validation/{name}", value, step)
    tf.summary.image("source | target | swapped | reconstruction | masks", grid[None], step)
    (run / PICTURES).mkdir(exist_ok=True)
    cv2.imwrite(str(run / PICTURES / f"step-{step:07d}.png"), grid[..., ::-1])
    bar.write(f"step {step}: " + ", ".join(f"{name} {value:.3f}" for name, value in scalars.items()))
