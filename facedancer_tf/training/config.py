"""Defines the settings of a training run, with the defaults of the paper and of the released training.

The patch discriminator and the averaged weights are ours.

YAML files and flags fill them through jsonargparse: `--config configs/small.yaml --loss.identity 12`. An
unknown key, a wrong type or an impossible combination stops the run before anything is loaded.
"""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import jsonargparse
import yaml

from data.augmentation import colour_and_geometry_augmentation
from facedancer_tf.errors import UserError
from facedancer_tf.training.config_sections import (
    DataConfig,
    DiscriminatorConfig,
    EncoderConfig,
    GeneratorConfig,
    LossConfig,
    OptimizerConfig,
    StartConfig,
    ViewsConfig,
)
from networks.discriminator import check_image, check_patch
from networks.encoders import ENCODERS
from networks.generator import check_generator

GENERATOR_TERMS = (
    "adversarial",
    "identity",
    "identity_contrast",
    "ifsr",
    "reconstruction",
    "perceptual",
    "cycle",
)
_POSITIVE = (
    "batch_size", "steps", "r1_every_steps", "cycle_every_steps", "log_every_steps", "save_every_steps",
    "validate_every_steps", "validation_pictures", "keep_checkpoints", "wait_for_workers_s",
)  # fmt: skip


@dataclass(frozen=True)
class TrainConfig:
    run: Path = Path("runs/facedancer")
    size_px: int = 256
    batch_size: int = 10  # the global one, over all devices
    steps: int = 300_000
    # The licence of the trained weights in plain words; it is written into model.keras.
    licence: str = "not stated by its makers"
    seed: int = 0
    data: DataConfig = field(default_factory=DataConfig)
    generator: GeneratorConfig = field(default_factory=GeneratorConfig)
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    start_from: StartConfig = field(default_factory=StartConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    averaging_decay: float = 0.999  # of the averaged generator weights, which are the exported ones
    r1_every_steps: int = 1  # lazy regularisation: every n steps, and n times as strong
    cycle_every_steps: int = 1  # the same for the cycle loss
    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    xla: bool = False
    strategy: Literal["one_device", "mirrored", "multi_worker"] = "one_device"
    wait_for_workers_s: float = 300.0  # at the start, multi_worker only
    log_every_steps: int = 20
    save_every_steps: int = 1000
    validate_every_steps: int = 1000
    validation_pictures: int = 64
    keep_checkpoints: int = 3

    def __post_init__(self) -> None:
        try:
            self._check()
        except ValueError as error:
            raise UserError(str(error)) from error

    def _check(self) -> None:
        """Raises ValueError for impossible settings; it calls the checks of `networks` and `data` and repeats none."""

        def check(holds: bool, rule: str, **received: Any) -> None:
            if not holds:
                raise ValueError(f"{rule} Received: {', '.join(f'{k}={v!r}' for k, v in received.items())}")

        check_words(self)
        for name in _POSITIVE:
            check(getattr(self, name) > 0, f"`{name}` must be positive.", **{name: getattr(self, name)})
        check(self.seed >= 0, "`seed` must be 0 or more.", seed=self.seed)
        check(0 <= self.averaging_decay < 1, "`averaging_decay` must be at least 0 and below 1.",
              averaging_decay=self.averaging_decay)  # fmt: skip
        check(self.optimizer.decay_steps > 0, "`optimizer.decay_steps` must be positive.",
              decay_steps=self.optimizer.decay_steps)  # fmt: skip

        check(0 <= self.data.self_swap_probability <= 1, "`data.self_swap_probability` must be within 0 and 1.",
              self_swap_probability=self.data.self_swap_probability)  # fmt: skip
        strengths = self.data.augmentation.strengths()
        if self.data.augmentation.kind == "colour_and_geometry":
            colour_and_geometry_augmentation(**strengths)
        else:
            check(not any(strengths.values()), "`data.augmentation` takes strengths only with "
                  "`kind: colour_and_geometry`.", **strengths)  # fmt: skip

        check(not self.xla or self.strategy == "one_device", "`xla: true` needs `strategy: one_device`: the step of "
              "several devices does not compile yet.", strategy=self.strategy)  # fmt: skip

        shape = self.generator
        check_generator(self.size_px, shape.fusion, shape.mapping_depth, base_filters=shape.base_filters,
                        mapping_width=shape.mapping_width)  # fmt: skip
        check(self.discriminator.base_filters > 0, "`discriminator.base_filters` must be positive.",
              base_filters=self.discriminator.base_filters)  # fmt: skip
        if self.discriminator.kind == "patch":
            check_patch(self.size_px, self.discriminator.down_blocks)
        else:
            check_image(self.size_px)

        check(self.encoder.name in ENCODERS, f"`encoder.name` must be one of {', '.join(ENCODERS)}.",
              name=self.encoder.name)  # fmt: skip
        views = self.encoder.views
        check(0 <= views.scale <= 0.5 and 0 <= views.shift <= 0.25 and 1 <= views.blur_px <= 8, "`encoder.views` takes "
              "`scale` up to 0.5, `shift` up to 0.25 and `blur_px` from 1 to 8.", views=views)  # fmt: skip
        check(views == ViewsConfig() or self.data.cached_embeddings, "`encoder.views` needs `data.cached_embeddings`: "
              "identities come from the pictures as they are.", cached_embeddings=False)  # fmt: skip
        check(0 <= self.encoder.identity_noise <= 2, "`encoder.identity_noise` must be from 0 to 2.",
              identity_noise=self.encoder.identity_noise)  # fmt: skip
        check(0 <= self.encoder.identity_length <= 1, "`encoder.identity_length` must be from 0 to 1.",
              identity_length=self.encoder.identity_length)  # fmt: skip
        blocks = ENCODERS[self.encoder.name].ifsr_blocks
        for name in ("ifsr_margins", "ifsr_weights"):
            unknown = [block for block in getattr(self.loss, name) or {} if block not in blocks]
            check(not unknown, f"`loss.{name}` must name blocks of {self.encoder.name}: {', '.join(blocks)}.",
                  unknown=unknown)  # fmt: skip
        check(
            not self.loss.ifsr or bool(self.margins),
            f"`loss.ifsr` compares blocks up to margins, and {self.encoder.name} has none of its own: measure them "
            "with calibrate_margins.py and set `loss.ifsr_margins`, or set `loss.ifsr` to 0.",
            ifsr=self.loss.ifsr,
        )
        weights = {name: getattr(self.loss, name) for name in (*GENERATOR_TERMS, "r1")}
        check(min(weights.values()) >= 0, "`loss` takes no negative weights.", **weights)
        check(
            any(weights[name] for name in GENERATOR_TERMS),
            "`loss` must leave the generator a term.",
            **weights,
        )

    @property
    def margins(self) -> dict[str, float]:
        """The IFSR margins by block: those of the config, or else the encoder's own."""
        return dict(self.loss.ifsr_margins or ENCODERS[self.encoder.name].margins)


def check_words(section: Any, place: str = "") -> None:
    """Raises ValueError for a word that is none of those its field takes; a program of one's own may have given it."""
    hints = get_type_hints(type(section))
    for field_ in dataclasses.fields(section):
        value, words = getattr(section, field_.name), get_args(hints[field_.name])
        if dataclasses.is_dataclass(value):
            check_words(value, f"{place}{field_.name}.")
        elif get_origin(hints[field_.name]) is Literal and value not in words:
            raise ValueError(f"`{place}{field_.name}` must be one of {', '.join(words)}. Received: {value!r}")


def parse_config(arguments: list[str] | None = None) -> TrainConfig:
    """Reads `--config FILE` and `--key value` flags, from the command line if `arguments` is None.

    Raises:
        UserError: for an unknown key, a wrong type or an impossible combination.
    """
    parser = jsonargparse.ArgumentParser(
        prog="train.py",
        description="Train FaceDancer on a folder of shards. A run goes on where its folder stands.",
        exit_on_error=False,
    )
    parser.add_argument("--config", action="config", help="a recipe, see configs/")
    parser.add_class_arguments(TrainConfig)
    try:
        values = parser.parse_args(arguments)
        values.pop("config")
        return TrainConfig(**vars(parser.instantiate_classes(values)))
    except jsonargparse.ArgumentError as error:
        raise UserError(" ".join(str(error).split())) from error


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
