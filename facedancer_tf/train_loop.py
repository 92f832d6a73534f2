"""The loop around the step: iterate, log, picture, save, stop cleanly."""

import math
import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import tensorflow as tf
import yaml
from tqdm import tqdm

from data.augmentation import colour_and_geometry_augmentation, released_augmentation
from data.manifest import Manifest, read_manifest
from data.pipeline import Augmentation, build_dataset
from facedancer_tf.checkpoints import RunState
from facedancer_tf.config import TrainConfig, config_as_dict, config_as_yaml
from facedancer_tf.errors import UserError
from facedancer_tf.model_file import ModelRecipe, save_model_file
from facedancer_tf.models import Models, build_models, generator_arguments
from facedancer_tf.stop_signals import stop_signals
from facedancer_tf.train_step import Scalars, build_optimizer, build_train_step
from facedancer_tf.validation import Validation

# What a run cannot change half-way: its checkpoint or its meaning would not fit any more.
FIXED_KEYS = ("size_px", "seed", "generator", "discriminator", "encoder")


def train(config: TrainConfig) -> None:
    """Trains until `config.steps`, from the run folder's newest checkpoint where there is one.

    Writes into `config.run`: config.yaml, checkpoints/, logs/ (TensorBoard), pictures/ and model.keras (the
    averaged generator). SIGTERM and Ctrl-C save and return.

    Raises:
        UserError: for unusable data, a run folder of another config, or a loss that is not finite.
    """
    manifest = _read_data(config)
    strategy = (
        tf.distribute.MirroredStrategy() if config.strategy == "mirrored" else tf.distribute.get_strategy()
    )
    if config.batch_size % strategy.num_replicas_in_sync:
        raise UserError(
            f"`batch_size` must be a multiple of the {strategy.num_replicas_in_sync} devices. "
            f"Received: {config.batch_size}"
        )
    _claim_run_folder(config)
    with strategy.scope():
        models = build_models(config, manifest.shrink)
        generator_optimizer = build_optimizer(config, models.generator.trainable_variables)
        discriminator_optimizer = build_optimizer(config, models.discriminator.trainable_variables)
    state = RunState(
        models,
        generator_optimizer,
        discriminator_optimizer,
        config.run / "checkpoints",
        config.keep_checkpoints,
    )
    resumed = state.restore()
    first = int(state.step)
    if first >= config.steps:
        print(f"{config.run} has its {config.steps} steps already; raise `steps` to go on.")
        return
    print(f"{'Continuing' if resumed else 'Starting'} {config.run} at step {first} of {config.steps}.")

    step = build_train_step(models, config, generator_optimizer, discriminator_optimizer, strategy)
    validation = _validation(models, config, manifest)
    batches = _batches(config, int(state.next_sample), strategy)
    writer = tf.summary.create_file_writer(str(config.run / "logs"))
    with (
        stop_signals() as stopped,
        writer.as_default(),
        tqdm(total=config.steps, initial=first, unit="step", dynamic_ncols=True) as bar,
    ):
        before: Scalars = {}
        for number in range(first + 1, config.steps + 1):
            scalars = step(
                next(batches),
                with_r1=bool(config.loss.r1) and number % config.r1_every_steps == 0,
                with_cycle=number % config.cycle_every_steps == 0,
            )
            stop_if_not_finite(
                before, number - 1
            )  # of the step before: the device need not wait for this look
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
                save_model_file(
                    models.averaged, _recipe(config, manifest, number), config.run / "model.keras"
                )
            if validation and (number % config.validate_every_steps == 0 or number == config.steps):
                _validate(validation, number, config.run, bar)
            if last:
                break
        if number < config.steps:
            bar.write(f"Stopped at step {number}; the same command goes on from here.")


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


def _recipe(config: TrainConfig, manifest: Manifest, step: int) -> ModelRecipe:
    pictures, source = manifest.count("train"), manifest.settings.get("source", "pictures of its user")
    return ModelRecipe(
        generator=generator_arguments(config),
        encoder=config.encoder.name,
        shrink=manifest.shrink,
        trained_on=f"{pictures} crops, {source}",
        licence=config.licence,
        step=step,
    )


def _claim_run_folder(config: TrainConfig) -> None:
    """Writes config.yaml into the run folder; refuses one whose checkpoints are of another kind."""
    config.run.mkdir(parents=True, exist_ok=True)
    path = config.run / "config.yaml"
    if path.exists():
        before, now = yaml.safe_load(path.read_text()), config_as_dict(config)
        changed = [key for key in FIXED_KEYS if before.get(key) != now[key]]
        if changed:
            raise UserError(
                f"{config.run} was started with other settings of {', '.join(changed)}; "
                "name another `run`, or go back to those in its config.yaml."
            )
    beside = path.with_suffix(f".{os.getpid()}")
    beside.write_text(config_as_yaml(config))
    os.replace(beside, path)


def _augmentation(config: TrainConfig) -> Augmentation | None:
    settings = config.data.augmentation
    if settings.kind == "colour_and_geometry":
        return colour_and_geometry_augmentation(**settings.strengths())
    return released_augmentation() if settings.kind == "released" else None


def _batches(config: TrainConfig, next_sample: int, strategy: tf.distribute.Strategy) -> Iterator:
    # A run that goes on with another batch size leaves out what would complete a batch of that size.
    start_sample = -(-next_sample // config.batch_size) * config.batch_size
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
    """Raises UserError naming the first term that is NaN or infinite. Nothing has been saved since it was finite."""
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
    (run / "pictures").mkdir(exist_ok=True)
    cv2.imwrite(str(run / "pictures" / f"step-{step:07d}.png"), grid[..., ::-1])
    bar.write(f"step {step}: " + ", ".join(f"{name} {value:.3f}" for name, value in scalars.items()))
