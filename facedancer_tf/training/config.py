"""Defines the settings of a training run, with the defaults of the paper and of the released training.

The patch discriminator and the averaged weights are ours.

YAML files and flags fill them through jsonargparse: `--config configs/small.yaml --loss.identity 12`. An
unknown key, a wrong type or an impossible combination stops the run before anything is loaded.
"""

import argparse
import dataclasses
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import jsonargparse
import yaml

from facedancer_tf.errors import UserError
from facedancer_tf.training.config_checks import check, check_config
from facedancer_tf.training.config_sections import (
    DataConfig,
    DiscriminatorConfig,
    EncoderConfig,
    GeneratorConfig,
    LossConfig,
    OptimizerConfig,
    SecondEncoderConfig,
    StartConfig,
)
from facedancer_tf.training.plain_yaml import MODE, check_size
from networks.encoders import ENCODERS

# What a schedule may change: these settings, and all settings of these sections.
SCHEDULED = (
    "loss", "optimizer.learning_rate", "optimizer.decay_rate", "optimizer.decay_steps", "data.augmentation",
    "data.self_swap_probability", "encoder.pasted", "encoder.identity_noise", "encoder.identity_length",
    "encoder.views", "averaging_images", "r1_every_steps", "cycle_every_steps",
)  # fmt: skip


MESSAGE_MAX = 1000  # characters: a config may hold a value of any length


@dataclass(frozen=True)
class TrainConfig:
    """All settings of a run.

    Where `schedule` changes some, `at` gives those in force at a step. Raises UserError for impossible values or
    combinations, those of the schedule among them.
    """

    run: Path = Path("runs/facedancer")
    """The folder of the run; a run goes on where its folder stands."""
    size_px: int = 256
    """The side of the pictures, a multiple of 32."""
    batch_size: int = 10
    """How many pairs one step takes, over all devices."""
    steps: int = 300_000
    """At which step the run ends."""
    licence: str = "not stated by its makers"
    """The licence of the trained weights in plain words; it is written into model.keras."""
    seed: int = 0
    """Fixes the first weights, the order of the pictures and every random draw."""
    data: DataConfig = field(default_factory=DataConfig)
    """Where the pictures come from"""
    generator: GeneratorConfig = field(default_factory=GeneratorConfig)
    """The generator's shape"""
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    """The discriminator's kind and shape"""
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    """The identity encoder, and what it sees"""
    second_encoder: SecondEncoderConfig = field(default_factory=SecondEncoderConfig)
    """A second identity encoder, for the losses alone"""
    start_from: StartConfig = field(default_factory=StartConfig)
    """Files with the first weights of a new run"""
    loss: LossConfig = field(default_factory=LossConfig)
    """The weights of the loss terms, and the margins of IFSR"""
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    """Adam, for both networks"""
    averaging_images: float = 10_000.0
    """Over about how many images the exported weights are averaged; 0 exports the last weights."""
    r1_every_steps: int = 1
    """R1 is computed in every n-th step and weighs n times as much."""
    cycle_every_steps: int = 1
    """The same for the cycle loss."""
    schedule: dict[int, dict[str, Any]] = field(default_factory=dict)
    """From which step which settings change: {2000: {loss.identity: 30}}; docs/training.md says which can."""
    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    """What the networks compute in; weights stay float32."""
    xla: bool = False
    """Whether XLA compiles the step, which is meant for GPUs."""
    strategy: Literal["one_device", "mirrored", "multi_worker"] = "one_device"
    """One device, all devices of this machine, or several machines (docs/distributed.md)."""
    wait_for_workers_s: float = 300.0
    """How many seconds workers wait for one another at the start; only for multi_worker."""
    log_every_steps: int = 20
    """How often TensorBoard gets a point: the mean over so many steps."""
    save_every_steps: int = 1000
    """How often a checkpoint and model.keras are written."""
    validate_every_steps: int = 1000
    """How often held-out figures and pictures are made."""
    validation_pictures: int = 64
    """How many held-out pictures these take, at most."""
    keep_checkpoints: int = 3
    """How many checkpoints stay, the newest ones."""

    def __post_init__(self) -> None:
        try:
            check_config(self)
            self._check_schedule()
        except ValueError as error:
            raise UserError(str(error)) from error

    def _check_schedule(self) -> None:
        for first, changes in self.schedule.items():
            check(first > 0, "`schedule` takes steps from 1 on.", step=first)
            for name in changes:
                known = any(name == rule or name.startswith(f"{rule}.") for rule in SCHEDULED)
                check(known and self._is_setting(name), "`schedule` takes single settings, by their flags' names: "
                      f"{', '.join(SCHEDULED)}, and those below them.", name=name)  # fmt: skip
            try:
                self.at(first)
            except UserError as error:
                raise UserError(f"in `schedule`, from step {first}: {error}") from error

    def _is_setting(self, name: str) -> bool:
        value: Any = self
        for part in name.split("."):
            if not dataclasses.is_dataclass(value) or not hasattr(value, part):
                return False
            value = getattr(value, part)
        return not dataclasses.is_dataclass(value)

    def at(self, step: int) -> "TrainConfig":
        """The settings in force at `step` (the first is 1): these, with the schedule's changes up to there."""
        if not self.schedule:
            return self
        content = config_as_dict(self) | {"schedule": {}}
        for first in sorted(first for first in self.schedule if first <= step):
            for name, value in self.schedule[first].items():
                *sections, key = name.split(".")
                owner = content
                for section in sections:
                    owner = owner[section]
                owner[key] = value
        return _from_values(lambda parser: parser.parse_object(content))

    def stages(self) -> list["TrainConfig"]:
        """The settings of every stage of the run, in order: those of the first step and those after each change."""
        return [self.at(first) for first in sorted({1, *self.schedule})]

    @property
    def margins(self) -> dict[str, float]:
        """The IFSR margins by block: those of the config, or else the encoder's own."""
        return dict(self.loss.ifsr_margins or ENCODERS[self.encoder.name].margins)


class _Parser(jsonargparse.ArgumentParser):
    """A parser of settings, which reads no config of a size that settings never have."""

    def parse_path(self, path: Any, *arguments: Any, **options: Any) -> jsonargparse.Namespace:
        check_size(path)
        return super().parse_path(path, *arguments, **options)


def parse_config(arguments: list[str] | None = None) -> TrainConfig:
    """Reads `--config FILE` and `--key value` flags, from the command line if `arguments` is None.

    Raises:
        UserError: for a file that cannot be read, an unknown key, a wrong type or an impossible combination.
    """
    return _from_values(lambda parser: parser.parse_args(arguments))


def _from_values(
    parse: Callable[[jsonargparse.ArgumentParser], jsonargparse.Namespace],
) -> TrainConfig:
    """Builds a config from what `parse` reads with the parser of all settings."""
    jsonargparse.set_parsing_settings(docstring_parse_attribute_docstrings=True)
    parser = _Parser(
        prog="train.py",
        parser_mode=MODE,
        usage="train.py [--config FILE] [--key value …]",
        description="Train FaceDancer on a folder of shards. A run goes on where its folder stands.",
        exit_on_error=False,
    )
    parser.add_argument("--config", action="config", help="a recipe, see configs/")
    parser.add_class_arguments(TrainConfig)
    # Configs of older runs have a decay per step instead of `averaging_images`.
    parser.add_argument("--averaging_decay", type=float, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    try:
        values = parse(parser)
        values.pop("config", None)
        decay = values.pop("averaging_decay", None)
        if decay is not None:
            values["averaging_images"] = _images_of_decay(decay, values["batch_size"])
        empty = next((name for name in _filled(TrainConfig()) if values.get(name) is None), None)
        if empty:
            raise UserError(f"`{empty}` must have a value, or be left out. Received: nothing")
        return TrainConfig(**vars(parser.instantiate(values)))
    except jsonargparse.ArgumentError as error:
        message = str(error).replace(
            "Unexpected config:", "a config must hold settings (key: value). Received:"
        )
        raise UserError(" ".join(message.split())[:MESSAGE_MAX]) from error
    except UnicodeDecodeError as error:
        raise UserError(f"a config must be text in UTF-8. Received: {error}") from error


def _filled(part: Any, name: str = "") -> Iterator[str]:
    """Names what of `part` of a config may not be empty: sections, each before those below it, and settings."""
    for inner in dataclasses.fields(part):
        value, path = getattr(part, inner.name), f"{name}{inner.name}"
        if value is not None:
            yield path
        if dataclasses.is_dataclass(value):
            yield from _filled(value, f"{path}.")


def _images_of_decay(decay: float, batch_size: int) -> float:
    """The `averaging_images` of a decay per step: after so many, 1/e of the old average is left."""
    if not 0 <= decay < 1:
        raise UserError(f"`averaging_decay` must be at least 0 and below 1. Received: {decay}")
    return -batch_size / math.log(decay) if decay else 0.0


def config_as_dict(config: TrainConfig) -> dict[str, Any]:
    """Turns the config into plain nested values (paths as text, tuples as lists), as the run folder stores them."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items()}
        if isinstance(value, (tuple, list)):
            return [plain(v) for v in value]
        return str(value) if isinstance(value, Path) else value

    return plain(dataclasses.asdict(config))


def config_as_yaml(config: TrainConfig) -> str:
    return yaml.safe_dump(config_as_dict(config), sort_keys=False)
