"""Runs the loop around the training step: iterate, log, make pictures, save, stop cleanly."""

import math
import os
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import tensorflow as tf
from tqdm import tqdm

from data.manifest import Manifest, read_manifest
from data.pipeline import build_dataset
from data.stream import ORDER_VERSION
from facedancer_tf.errors import UserError
from facedancer_tf.provenance.swapped import Swapped, UsedModel
from facedancer_tf.provenance.writing import mark_pixels, write_swapped
from facedancer_tf.shown_text import say
from facedancer_tf.training.batches import build_batches
from facedancer_tf.training.cached_embeddings import embeddings_of_run
from facedancer_tf.training.checkpoints import RunState
from facedancer_tf.training.config import TrainConfig
from facedancer_tf.training.damaged_data import damage_named
from facedancer_tf.training.models import Models, build_models, generator_arguments
from facedancer_tf.training.run_folder import (
    CHECKPOINTS,
    LOGS,
    MODEL,
    PICTURES,
    only_writer,
    refuse_other_run,
    write_config,
)
from facedancer_tf.training.start_weights import take_start_weights
from facedancer_tf.training.step_scalars import StepScalars
from facedancer_tf.training.stop_signals import stop_signals
from facedancer_tf.training.train_step import TrainStep, build_optimizer, build_train_step, learning_rates
from facedancer_tf.training.validation import Validation, doubt
from facedancer_tf.training.workers import (
    StopVote,
    build_strategy,
    is_chief,
    lost_workers_end_the_run,
    require_the_same,
    send_from_chief,
    settings_of_all_workers,
)
from facedancer_tf.weights.model_file import ModelRecipe, save_model_file
from facedancer_tf.writing import make_folder


def train(config: TrainConfig) -> None:
    """Trains until `config.steps`, from the run folder's newest checkpoint where there is one.

    The run writes into `config.run`: config.yaml, checkpoints/, logs/ (TensorBoard), pictures/ and model.keras (the
    averaged generator). Of several workers only the chief reads and writes that folder. On SIGTERM or Ctrl-C the run
    saves and returns.

    Raises:
        UserError: if the data cannot be used, the run folder belongs to another config, workers do not fit or are lost,
            or a loss or weight is not finite.
    """
    strategy = build_strategy(config)
    with lost_workers_end_the_run(strategy):
        manifest = _read_data(config)
        require_the_same(strategy, {**settings_of_all_workers(config), "the manifest of the data": manifest})
        with only_writer(config.run) if is_chief(strategy) else nullcontext():
            _train(config, manifest, strategy)


def _train(config: TrainConfig, manifest: Manifest, strategy: tf.distribute.Strategy) -> None:
    chief = is_chief(strategy)
    if chief:
        refuse_other_run(config)
    with strategy.scope():
        models = build_models(config, manifest.shrink)
        optimizers = {
            "generator_optimizer": build_optimizer(config, models.generator.trainable_variables),
            "discriminator_optimizer": build_optimizer(config, models.discriminator.trainable_variables),
        }
    require_the_same(strategy, {"encoder.weights": models.encoder_fingerprint})
    state = RunState(
        models, **optimizers, folder=config.run / CHECKPOINTS, keep=config.keep_checkpoints, writes=chief
    )
    if chief:
        if not state.restore():
            take_start_weights(models, config)
        write_config(config)
        with damage_named(config, manifest, None):
            embeddings = embeddings_of_run(config, models, manifest, make=True)
    send_from_chief(strategy, state.variables())
    if not chief:
        embeddings = embeddings_of_run(config, models, manifest, make=False)

    def export() -> None:
        if chief:
            recipe = _recipe(config, manifest, models.encoder_fingerprint, int(state.step))
            save_model_file(models.averaged, recipe, config.run / MODEL)

    if int(state.step) >= config.steps:
        export()  # an earlier run may have been killed between its last checkpoint and the model file
        if chief:
            say(f"{config.run} has its {config.steps} steps already; raise `steps` to go on.")
        return
    if chief:
        at, kind = int(state.step), "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
        say(
            f"{'Continuing' if at else 'Starting'} {config.run} at step {at} of {config.steps} "
            f"on {strategy.num_replicas_in_sync} x {kind}."
        )
    if chief and int(state.order) != ORDER_VERSION:
        say(changed_order(config.run, int(state.order)))
    state.order.assign(ORDER_VERSION)
    # A run that goes on with another batch size skips samples, up to the start of the next whole batch.
    state.next_sample.assign(math.ceil(int(state.next_sample) / config.batch_size) * config.batch_size)

    def begin(stage: TrainConfig) -> tuple[TrainStep, Iterator]:
        step = build_train_step(models, stage, **optimizers, strategy=strategy)
        return step, build_batches(stage, int(state.next_sample), strategy, embeddings)

    with damage_named(config, manifest, embeddings):
        validation = _validation(models, config, manifest) if chief else None
        _iterate(config, state, begin, validation, export, strategy)


def _iterate(
    config: TrainConfig,
    state: RunState,
    begin: Callable[[TrainConfig], tuple[TrainStep, Iterator]],
    validation: Validation | None,
    export: Callable[[], None],
    strategy: tf.distribute.Strategy,
) -> None:
    """Runs the remaining steps, or stops earlier when a signal asks for it.

    `begin` makes the step and the batches, from the state's next sample on, of one stage of the schedule.
    """
    first, chief = int(state.step), is_chief(strategy)
    collected = StepScalars()
    # TensorFlow takes no text for a path whose bytes are not UTF-8
    logs = (
        tf.summary.create_file_writer(os.fsencode(config.run / LOGS))
        if chief
        else tf.summary.create_noop_writer()
    )
    with (
        stop_signals() as stopped,
        logs.as_default(),
        tqdm(total=config.steps, initial=first, unit="step", dynamic_ncols=True, disable=not chief) as bar,
    ):
        stop_asked = StopVote(strategy, stopped)
        for number in range(first + 1, config.steps + 1):
            if number == first + 1 or number in config.schedule:
                stage = config.at(number)
                step, batches = begin(stage)
            scalars = step(
                next(batches),
                with_r1=bool(stage.loss.r1) and number % stage.r1_every_steps == 0,
                with_cycle=bool(stage.loss.cycle) and number % stage.cycle_every_steps == 0,
            )
            collected.add(scalars, number)
            state.step.assign(number)
            state.next_sample.assign_add(config.batch_size)
            bar.update()
            last = stop_asked() or number == config.steps
            if number % config.log_every_steps == 0 or last:
                _log(collected, number, stage, bar)
            if number % config.save_every_steps == 0 or last:
                collected.settle()
                state.save()
                export()
            if validation and (number % config.validate_every_steps == 0 or number == config.steps):
                _validate(validation, number, config.run, bar)
            if last:
                break
        stop_asked.leave()
        if chief and number < config.steps:
            bar.write(f"Stopped at step {number}; the same command goes on from here.")


def changed_order(run: Path, before: int) -> str:
    """The message for a run whose checkpoint was made with the order of pictures `before`."""
    return (
        f"{run} was begun with order {before} of the pictures, and this version has order {ORDER_VERSION}, which "
        "shuffles every epoch as a whole: the run goes on, but not as it would have before."
    )


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


def _validation(models: Models, config: TrainConfig, manifest: Manifest) -> Validation | None:
    pictures = min(config.validation_pictures, manifest.count("validation"))
    if not pictures:
        say("The data has no validation pictures: training without held-out figures and pictures.")
        return None
    batch_size = min(config.batch_size, pictures)
    dataset = build_dataset(
        config.data.folder, "validation", config.size_px, batch_size, seed=0, self_swap_probability=0.0
    )
    return Validation(models, dataset.take(math.ceil(pictures / batch_size)))


def _log(collected: StepScalars, step: int, stage: TrainConfig, bar: tqdm) -> None:
    """Logs the means since the last log, the learning rate of `step` and the speed."""
    means, steps_per_s = collected.take_means()
    logged = {f"train/{name}": value for name, value in means.items()} | {
        "train/learning_rate": float(learning_rates(stage)(step - 1)),
        "speed/steps_per_s": steps_per_s,
        "speed/images_per_s": steps_per_s * stage.batch_size,
    }
    for name, value in logged.items():
        tf.summary.scalar(name, value, step)
    short_names = {
        "G": "generator_total",
        "D": "discriminator_total",
        "id": "identity",
        "rec": "reconstruction",
    }
    bar.set_postfix(
        {short: f"{means[name]:.3f}" for short, name in short_names.items() if name in means}, refresh=False
    )


def _validate(validation: Validation, step: int, run: Path, bar: tqdm) -> None:
    scalars, grid = validation.scalars(), validation.grid()
    for name, value in scalars.items():
        tf.summary.scalar(f"validation/{name}", value, step)
    swapped = Swapped(grid, [UsedModel(run.name)])
    tf.summary.image("source | target | swapped | reconstruction | masks", mark_pixels(swapped)[None], step)
    make_folder(run / PICTURES)
    for note in write_swapped(run / PICTURES / f"step-{step:07d}.png", swapped):
        bar.write(f"note: {note}")
    bar.write(f"step {step}: " + ", ".join(f"{name} {value:.3f}" for name, value in scalars.items()))
    if sentence := doubt(scalars):
        bar.write(f"note: {sentence}")
