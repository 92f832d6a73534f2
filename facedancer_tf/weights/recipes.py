"""Reads what a network file says about its network, without the network: for lists of models, which need no Keras.

See `facedancer_tf.weights.archive` for the file itself.
"""

import json
from pathlib import Path
from typing import Any

from data.printable import printable
from data.zip_members import DAMAGE, open_zip, read_member

RECIPE = "recipe.json"
RECIPE_CEILING_BYTES = 1 << 20


def read_recipe(path: Path) -> dict[str, Any]:
    """Reads the recipe of `path` without its weights; it is empty for a file that is not ours."""
    try:
        with open_zip(path) as archive:
            return parse_recipe(read_member(archive, archive.getinfo(RECIPE), RECIPE_CEILING_BYTES))
    except DAMAGE:
        return {}


def parse_recipe(content: bytes) -> dict[str, Any]:
    """The fields of a recipe, the texts among them without letters that steer a terminal.

    Raises ValueError or RecursionError where `content` is no JSON, or no table.
    """
    recipe = json.loads(content)
    if not isinstance(recipe, dict):
        raise ValueError(f"its {RECIPE} is not a table")
    return {name: printable(value) if isinstance(value, str) else value for name, value in recipe.items()}
