"""Checks the settings of a training run: which values and which combinations are possible."""

import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

from data.augmentation import check_strengths
from facedancer_tf.training.config_sections import ViewsConfig
from networks.discriminator import check_image, check_patch
from networks.encoders import ENCODERS
from networks.generator import check_generator

if TYPE_CHECKING:
    from facedancer_tf.training.config import TrainConfig

GENERATOR_TERMS = (
    "adversarial",
    "identity",
    "identity_contrast",
    "second_identity",
    "second_contrast",
    "ifsr",
    "reconstruction",
    "occluder",
    "perceptual",
    "cycle",
)
LARGEST_BATCH, LARGEST_NUMBER, SEEDS = 65_536, 10**12, 2**32
# Far beyond what was ever trained: 64, 512 and 4.
LARGEST_FILTERS, LARGEST_WIDTH, LARGEST_DEPTH = 1024, 16_384, 64
LONGEST_WAIT_S = 10**6  # some eleven days
_POSITIVE = (
    "batch_size", "steps", "r1_every_steps", "cycle_every_steps", "log_every_steps", "save_every_steps",
    "validate_every_steps", "validation_pictures", "keep_checkpoints", "wait_for_workers_s",
)  # fmt: skip


def check(holds: bool, rule: str, **received: Any) -> None:
    """Raises ValueError with the rule and the values that break it, unless it holds."""
    if not holds:
        raise ValueError(f"{rule} Received: {', '.join(f'{k}={v!r}' for k, v in received.items())}")


def check_config(config: "TrainConfig") -> None:
    """Raises ValueError for impossible settings; it calls the checks of `networks` and `data` and repeats none."""
    _check_words(config)
    _check_values("", dataclasses.asdict(config))
    for name in _POSITIVE:
        check(getattr(config, name) > 0, f"`{name}` must be positive.", **{name: getattr(config, name)})
    check(config.batch_size <= LARGEST_BATCH, f"`batch_size` must be at most {LARGEST_BATCH}.",
          batch_size=config.batch_size)  # fmt: skip
    check(config.wait_for_workers_s <= LONGEST_WAIT_S, f"`wait_for_workers_s` must be at most {LONGEST_WAIT_S}.",
          wait_for_workers_s=config.wait_for_workers_s)  # fmt: skip
    check(0 <= config.seed < SEEDS, f"`seed` must be from 0 to {SEEDS - 1}.", seed=config.seed)
    check(config.averaging_images >= 0, "`averaging_images` must be 0 or more.",
          averaging_images=config.averaging_images)  # fmt: skip
    adam = config.optimizer
    for name in ("learning_rate", "decay_rate", "decay_steps"):
        check(getattr(adam, name) > 0, f"`optimizer.{name}` must be positive.", **{name: getattr(adam, name)})
    check(0 <= adam.beta_1 < 1 and 0 <= adam.beta_2 < 1, "`optimizer.beta_1` and `beta_2` must be at least 0 and "
          "below 1.", beta_1=adam.beta_1, beta_2=adam.beta_2)  # fmt: skip

    check(0 <= config.data.self_swap_probability <= 1, "`data.self_swap_probability` must be within 0 and 1.",
          self_swap_probability=config.data.self_swap_probability)  # fmt: skip
    strengths = config.data.augmentation.strengths()
    if config.data.augmentation.kind == "colour_and_geometry":
        check_strengths(**strengths)
    else:
        check(not any(strengths.values()), "`data.augmentation` takes strengths only with "
              "`kind: colour_and_geometry`.", **strengths)  # fmt: skip
    occluded = config.data.augmentation.occluded
    check(not occluded or config.data.cached_embeddings, "`data.augmentation.occluded` needs "
          "`data.cached_embeddings`: identities come from the bare pictures.", cached_embeddings=False)  # fmt: skip
    check(not config.loss.occluder or occluded > 0, "`loss.occluder` needs `data.augmentation.occluded`, the things "
          "that it keeps.", occluded=occluded)  # fmt: skip

    check(not config.xla or config.strategy == "one_device", "`xla: true` needs `strategy: one_device`: the step of "
          "several devices does not compile yet.", strategy=config.strategy)  # fmt: skip

    shape = config.generator
    check_generator(config.size_px, shape.fusion, shape.mapping_depth, base_filters=shape.base_filters,
                    mapping_width=shape.mapping_width)  # fmt: skip
    for name, filters in (
        ("generator", shape.base_filters),
        ("discriminator", config.discriminator.base_filters),
    ):
        check(0 < filters <= LARGEST_FILTERS, f"`{name}.base_filters` must be from 1 to {LARGEST_FILTERS}.",
              base_filters=filters)  # fmt: skip
    check(shape.mapping_width <= LARGEST_WIDTH and shape.mapping_depth <= LARGEST_DEPTH, "`generator.mapping_width` "
          f"and `mapping_depth` must be at most {LARGEST_WIDTH} and {LARGEST_DEPTH}.",
          mapping_width=shape.mapping_width, mapping_depth=shape.mapping_depth)  # fmt: skip
    if config.discriminator.kind == "patch":
        check_patch(config.size_px, config.discriminator.down_blocks)
    else:
        check_image(config.size_px)

    check(config.encoder.name in ENCODERS, f"`encoder.name` must be one of {', '.join(ENCODERS)}.",
          name=config.encoder.name)  # fmt: skip
    second, asked = config.second_encoder, config.loss.second_identity or config.loss.second_contrast
    check(second.name is None or second.name in ENCODERS, f"`second_encoder.name` must be one of "
          f"{', '.join(ENCODERS)}, or null.", name=second.name)  # fmt: skip
    check(not asked or second.name is not None, "`loss.second_identity` and `loss.second_contrast` need "
          "`second_encoder.name`.", name=second.name)  # fmt: skip
    check(second.name is None or config.data.cached_embeddings, "`second_encoder` needs `data.cached_embeddings`: "
          "identities come from the pictures as they are.", cached_embeddings=False)  # fmt: skip
    views = config.encoder.views
    check(0 <= views.scale <= 0.5 and 0 <= views.shift <= 0.25 and 1 <= views.blur_px <= 8, "`encoder.views` takes "
          "`scale` up to 0.5, `shift` up to 0.25 and `blur_px` from 1 to 8.", views=views)  # fmt: skip
    check(views == ViewsConfig() or config.data.cached_embeddings, "`encoder.views` needs `data.cached_embeddings`: "
          "identities come from the pictures as they are.", cached_embeddings=False)  # fmt: skip
    check(0 <= config.encoder.identity_noise <= 2, "`encoder.identity_noise` must be from 0 to 2.",
          identity_noise=config.encoder.identity_noise)  # fmt: skip
    check(0 <= config.encoder.identity_length <= 1, "`encoder.identity_length` must be from 0 to 1.",
          identity_length=config.encoder.identity_length)  # fmt: skip
    blocks = ENCODERS[config.encoder.name].ifsr_blocks
    for name in ("ifsr_margins", "ifsr_weights"):
        unknown = [block for block in getattr(config.loss, name) or {} if block not in blocks]
        check(not unknown, f"`loss.{name}` must name blocks of {config.encoder.name}: {', '.join(blocks)}.",
              unknown=unknown)  # fmt: skip
        numbers = dict(getattr(config.loss, name) or {})
        check(min(numbers.values(), default=0) >= 0, f"`loss.{name}` takes no negative numbers.", **numbers)
    check(
        config.loss.ifsr_scale >= 0, "`loss.ifsr_scale` must be 0 or more.", ifsr_scale=config.loss.ifsr_scale
    )
    check(
        not config.loss.ifsr or bool(config.margins),
        f"`loss.ifsr` compares blocks up to margins, and {config.encoder.name} has none of its own: measure them "
        "with calibrate_margins.py and set `loss.ifsr_margins`, or set `loss.ifsr` to 0.",
        ifsr=config.loss.ifsr,
    )
    weights = {name: getattr(config.loss, name) for name in (*GENERATOR_TERMS, "r1")}
    check(min(weights.values()) >= 0, "`loss` takes no negative weights.", **weights)
    check(
        any(weights[name] for name in GENERATOR_TERMS),
        "`loss` must leave the generator a term.",
        **weights,
    )


def _check_words(section: Any, place: str = "") -> None:
    """Raises ValueError for a word that is none of those its field takes; a program of one's own may have given it."""
    hints = get_type_hints(type(section))
    for field_ in dataclasses.fields(section):
        value, words = getattr(section, field_.name), get_args(hints[field_.name])
        if dataclasses.is_dataclass(value):
            _check_words(value, f"{place}{field_.name}.")
        elif get_origin(hints[field_.name]) is Literal and value not in words:
            raise ValueError(f"`{place}{field_.name}` must be one of {', '.join(words)}. Received: {value!r}")


def _check_values(name: str, value: Any) -> None:
    """Raises ValueError for a number that nothing could compute with, or a text that names no file."""
    if isinstance(value, float):
        check(math.isfinite(value), f"`{name}` must be a finite number.", **{name: value})
    elif isinstance(value, int):
        check(abs(value) <= LARGEST_NUMBER, f"`{name}` must be at most {LARGEST_NUMBER}.", **{name: value})
    elif isinstance(value, (str, Path)):
        check("\0" not in str(value), f"`{name}` must not hold the character 0.", **{name: str(value)})
    elif isinstance(value, dict):
        for key, inner in value.items():
            _check_values(f"{name}.{key}".lstrip("."), inner)
