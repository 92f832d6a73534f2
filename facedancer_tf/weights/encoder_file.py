"""Reads and writes encoder files: an imported identity encoder and how it reads pictures.

See `facedancer_tf.weights.archive` for the file itself.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from facedancer_tf import __version__
from facedancer_tf.weights.archive import load_archive, write_archive
from facedancer_tf.weights.recipe_fields import check_fields, typed_recipe
from networks.encoders import ENCODERS, IdentityEncoder


@dataclass(frozen=True)
class EncoderRecipe:
    """Describes the weights of an encoder.

    `encoder` is a name in `networks.encoders.ENCODERS`, and `arguments` are those of its `build` except the dtype.
    `low` and `high` are the value range that these weights read. `licence` and `origin` are plain words: whose weights
    they are, and from which file they were made. `fingerprint` is the `archive.fingerprint` of the weights, by which
    a file can be found.
    """

    encoder: str
    arguments: dict[str, Any]
    low: float
    high: float
    licence: str
    origin: str
    fingerprint: str
    version: str = __version__

    @property
    def description(self) -> IdentityEncoder:
        """The description of the architecture, with the value range and the licence of this file."""
        return dataclasses.replace(ENCODERS[self.encoder], low=self.low, high=self.high, licence=self.licence)


def save_encoder_file(encoder: keras.Model, recipe: EncoderRecipe, path: Path) -> None:
    """Writes `encoder` and its recipe to a file beside `path` (`.keras`), and then renames it to `path`."""
    write_archive(encoder, "encoder", dataclasses.asdict(recipe), path)


def load_encoder_file(path: Path, dtype: str = "float32") -> tuple[keras.Model, EncoderRecipe]:
    """Builds the encoder that `path` describes, frozen; `dtype` is the dtype policy of its convolutions.

    Raises:
        UserError: if the file is missing, damaged, not one of ours, or does not fit its own recipe.
    """

    def build(values: dict[str, Any]) -> tuple[keras.Model, EncoderRecipe]:
        recipe = typed_recipe(EncoderRecipe, values)
        if recipe.encoder not in ENCODERS:
            raise ValueError(f"unknown encoder {recipe.encoder!r}")
        if not recipe.low < recipe.high:
            raise ValueError(f"its value range is {recipe.low} to {recipe.high}")
        check_fields(recipe.arguments, {"head": list}, optional={"head"})
        return ENCODERS[recipe.encoder].build(dtype=dtype, **recipe.arguments), recipe

    return load_archive(path, "encoder", build)
