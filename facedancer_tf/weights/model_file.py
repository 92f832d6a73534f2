"""Reads and writes model files: a generator and all that a swapper must know about it.

See `facedancer_tf.weights.archive` for the file itself.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from data.faces.alignment import template
from facedancer_tf import __version__
from facedancer_tf.weights.archive import load_archive, write_archive
from facedancer_tf.weights.recipe_fields import check_fields, typed_recipe
from networks.encoders import ENCODERS
from networks.generator import build_generator

# What a recipe says of its generator.
GENERATOR: dict[str, type] = {
    "size_px": int, "identity_width": int, "base_filters": int, "fusion": list, "mapping_depth": int,
    "mapping_width": int,
}  # fmt: skip
BY_DEFAULT = {"base_filters", "mapping_depth", "mapping_width"}  # may be missing: then `build_generator` says
CROP = "arcface_112"  # five landmarks onto the ArcFace template times size / 112, shrunk about the centre


@dataclass(frozen=True)
class ModelRecipe:
    """Tells a swapper what it must know about its generator.

    `generator` holds the arguments of `build_generator`, and `encoder` is a name in `networks.encoders.ENCODERS`.
    `shrink` and `crop` say how the generator's pictures are aligned (see `data.faces.alignment`). `trained_on` and
    `licence` are plain words for people. `encoder_fingerprint` is the `archive.fingerprint` of the very encoder that
    the generator was trained with, or empty where that is not known.
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
    """Writes `generator` and its recipe to a file beside `path` (`.keras`), and then renames it to `path`.

    With `half` the weights are stored in float16.
    """
    # The copy is float32 and has the usual names, whatever the generator was trained with.
    copy = build_generator(**recipe.generator)
    copy.set_weights(generator.get_weights())
    write_archive(copy, "generator", dataclasses.asdict(recipe), path, half)


def load_model_file(path: Path) -> tuple[keras.Model, ModelRecipe]:
    """Builds the generator that `path` describes, with its weights, in float32.

    Raises:
        UserError: if the file is missing, damaged, not one of ours, or does not fit its own recipe.
    """
    return load_archive(path, "generator", _build)


def _build(values: dict[str, Any]) -> tuple[keras.Model, ModelRecipe]:
    recipe = typed_recipe(ModelRecipe, values)
    check_fields(recipe.generator, GENERATOR, BY_DEFAULT)
    recipe.generator["fusion"] = tuple(recipe.generator["fusion"])
    if recipe.encoder not in ENCODERS:
        raise ValueError(f"unknown encoder {recipe.encoder!r}")
    if recipe.generator["identity_width"] != ENCODERS[recipe.encoder].width:
        raise ValueError("its identity width is not its encoder's")
    if recipe.crop != CROP:
        raise ValueError(f"its pictures are aligned as {recipe.crop!r}, which is not known here")
    template(recipe.size_px, recipe.shrink)  # raises ValueError for a size or shrink that cannot be
    return build_generator(**recipe.generator), recipe
