"""Encoder files: an imported identity encoder and how it reads pictures (see `facedancer_tf.weights.archive`)."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from facedancer_tf import __version__
from facedancer_tf.weights.archive import load_archive, write_archive
from networks.encoders import ENCODERS, IdentityEncoder


@dataclass(frozen=True)
class EncoderRecipe:
    """What must be known of an encoder's weights.

    `encoder` is a name in `networks.encoders.ENCODERS`, `arguments` what its `build` takes beside the dtype, `low`
    and `high` the value range that these weights read; `licence` and `origin` are plain words: whose weights, made
    from which file. `fingerprint` is the weights' own (`archive.fingerprint`), to find a file by.
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
        """The architecture's description with this file's range and licence."""
        return dataclasses.replace(ENCODERS[self.encoder], low=self.low, high=self.high, licence=self.licence)


def save_encoder_file(encoder: keras.Model, recipe: EncoderRecipe, path: Path) -> None:
    """Writes `encoder` and its recipe to `path` (`.keras`), beside and then renamed."""
    write_archive(encoder, "encoder", dataclasses.asdict(recipe), path)


def load_encoder_file(path: Path, dtype: str = "float32") -> tuple[keras.Model, EncoderRecipe]:
    """Builds the encoder that `path` describes, frozen; `dtype` is the dtype policy of its convolutions.

    Raises:
        UserError: if the file is missing, damaged, not one of ours, or does not fit its own recipe.
    """

    def build(values: dict[str, Any]) -> tuple[keras.Model, EncoderRecipe]:
        recipe = EncoderRecipe(**values)
        if recipe.encoder not in ENCODERS:
            raise ValueError(f"unknown encoder {recipe.encoder!r}")
        if not recipe.low < recipe.high:
            raise ValueError(f"its value range is {recipe.low} to {recipe.high}")
        return ENCODERS[recipe.encoder].build(dtype=dtype, **recipe.arguments), recipe

    return load_archive(path, "encoder", build)
