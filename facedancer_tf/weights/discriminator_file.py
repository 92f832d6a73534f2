"""Reads and writes discriminator files: an imported image-level discriminator, from which training can go on."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras

from facedancer_tf import __version__
from facedancer_tf.weights.archive import load_archive, write_archive
from facedancer_tf.weights.recipe_fields import check_fields, typed_recipe
from networks.discriminator import build_image_discriminator


@dataclass(frozen=True)
class DiscriminatorRecipe:
    """Describes a discriminator file.

    `discriminator` holds the arguments of `build_image_discriminator`; `licence` and `origin` are plain words.
    """

    discriminator: dict[str, Any]
    licence: str
    origin: str
    version: str = __version__


def save_discriminator_file(discriminator: keras.Model, recipe: DiscriminatorRecipe, path: Path) -> None:
    """Writes `discriminator` and its recipe to a file beside `path` (`.keras`), and then renames it to `path`."""
    write_archive(discriminator, "discriminator", asdict(recipe), path)


def load_discriminator_file(path: Path) -> tuple[keras.Model, DiscriminatorRecipe]:
    """Builds the discriminator that `path` describes, with its weights.

    Raises:
        UserError: if the file is missing, damaged, not one of ours, or does not fit its own recipe.
    """

    def build(values: dict[str, Any]) -> tuple[keras.Model, DiscriminatorRecipe]:
        recipe = typed_recipe(DiscriminatorRecipe, values)
        check_fields(recipe.discriminator, {"size_px": int, "base_filters": int})
        return build_image_discriminator(**recipe.discriminator), recipe

    return load_archive(path, "discriminator", build)
