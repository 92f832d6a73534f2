"""Model files: a generator and all that a swapper must know about it (see `facedancer_tf.weights.archive`)."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from data.faces.alignment import template
from facedancer_tf import __version__
from facedancer_tf.weights.archive import load_archive, write_archive
from networks.encoders import ENCODERS
from networks.generator import build_generator

CROP = "arcface_112"  # five landmarks onto the ArcFace template times size / 112, shrunk about the centre


@dataclass(frozen=True)
class ModelRecipe:
    """What a swapper must know about its generator.

    `generator` are `build_generator`'s arguments, `encoder` a name in `networks.encoders.ENCODERS`, `shrink` and
    `crop` how its pictures are aligned (see `data.faces.alignment`), `trained_on` and `licence` plain words for people,
    `encoder_fingerprint` the `archive.fingerprint` of the very encoder that it was trained with, empty where
    that is not known.
    """

    generator: dict[str, Any]
    encoder: str
    shrink: float
    trained_on: str
    licence: str
    step: int
    version: str = __version__
    encoder_fingerprint: str = ""
    crop: str = CROP

    @property
    def size_px(self) -> int:
        return int(self.generator["size_px"])


def save_model_file(generator: keras.Model, recipe: ModelRecipe, path: Path, half: bool = False) -> None:
    """Writes `generator` and its recipe to `path` (`.keras`), beside and then renamed; `half`: in float16."""
    rebuilt = build_generator(**recipe.generator)  # float32 and named alike, whatever it was trained with
    rebuilt.set_weights(generator.get_weights())
    write_archive(rebuilt, "generator", dataclasses.asdict(recipe), path, half)


def load_model_file(path: Path) -> tuple[keras.Model, ModelRecipe]:
    """Builds the generator that `path` describes, with its weights, in float32.

    Raises:
        UserError: if the file is missing, damaged, not one of ours, or does not fit its own recipe.
    """
    return load_archive(path, "generator", _build)


def _build(values: dict[str, Any]) -> tuple[keras.Model, ModelRecipe]:
    recipe = ModelRecipe(**values)
    recipe.generator["fusion"] = tuple(recipe.generator["fusion"])
    if recipe.encoder not in ENCODERS:
        raise ValueError(f"unknown encoder {recipe.encoder!r}")
    if recipe.generator["identity_width"] != ENCODERS[recipe.encoder].width:
        raise ValueError("its identity width is not its encoder's")
    if recipe.crop != CROP:
        raise ValueError(f"its pictures are aligned as {recipe.crop!r}, which is not known here")
    template(recipe.size_px, recipe.shrink)  # knows which shrinks can be
    return build_generator(**recipe.generator), recipe
