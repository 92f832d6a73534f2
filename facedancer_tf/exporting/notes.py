"""Writes the notes of an exported model, which no network can hold: recipe and licence."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from data.faces.alignment import TEMPLATE_112
from facedancer_tf.swapping.engine import Engine

BAKED = (
    "The face of one person is baked into this model: it puts that face, and no other, onto every picture. Keep it to "
    "what that person has agreed to.\n"
)


def export_notes(engine: Engine, baked: bool) -> dict[str, str]:
    """The contents of `recipe.json` and `LICENSE.txt`, by name.

    The recipe is the model file's; it also says how to align crops and whether an identity is baked in. It holds
    neither the pictures nor the embedding of that identity.
    """
    recipe = dataclasses.asdict(engine.recipe) | {
        "size_px": engine.recipe.size_px,
        "source_size_px": engine.encoder.description.size_px,
        "template_112": np.round(TEMPLATE_112.astype(float), 4).tolist(),
        "encoder_licence": engine.encoder.description.licence,
        "identity_is_baked": baked,
    }
    licence = (
        f"Generator: {engine.recipe.licence}\nTrained on: {engine.recipe.trained_on}\n"
        f"Identity encoder {engine.recipe.encoder}: {engine.encoder.description.licence}\n"
    )
    return {
        "recipe.json": json.dumps(recipe, indent=1) + "\n",
        "LICENSE.txt": licence + BAKED if baked else licence,
    }


def write_notes(notes: Mapping[str, str], folder: Path) -> None:
    """Writes each note as a file of its name."""
    for name, text in notes.items():
        (folder / name).write_text(text, encoding="utf-8")
