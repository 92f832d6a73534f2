"""Which generators people may name: the server's own, the embedded one and those in the user's cache. Never a path."""

from dataclasses import dataclass
from pathlib import Path

from facedancer_tf.errors import UserError
from facedancer_tf.weights.catalogue import DEFAULT_MODEL, cache_folder, find_weights
from facedancer_tf.weights.recipes import read_recipe


@dataclass(frozen=True)
class ListedModel:
    """A generator at hand; `licence` and `size_px` stand in its recipe. is_default: used where no model is named."""

    name: str
    path: Path
    size_px: int
    licence: str
    is_default: bool


def list_models(default: str | Path | None = None) -> list[ListedModel]:
    """The generators at hand, the one named `default` (a name or file, None for the embedded one) first.

    Files that are no generators are left out. Raises UserError where there is no such default.
    """
    first = find_weights(default, "generator")
    paths: dict[str, Path] = {}
    for path in (first, DEFAULT_MODEL, *sorted(cache_folder().glob("*.keras"))):
        paths.setdefault(path.stem, path)
    listed = [_listed(name, path, path == first) for name, path in paths.items()]
    if listed[0] is None:
        raise UserError(f"{first} is not a generator file of this project; name another model", "unreadable")
    return [model for model in listed if model is not None]


def find_model(models: list[ListedModel], name: str | None) -> ListedModel:
    """The model called `name`, the default for None; raises UserError where none is."""
    for model in models:
        if model.name == name or (name is None and model.is_default):
            return model
    raise UserError(
        f"there is no model of that name here; there are {', '.join(model.name for model in models)}",
        "missing",
    )


def _listed(name: str, path: Path, is_default: bool) -> ListedModel | None:
    recipe = read_recipe(path)
    if recipe.get("kind", "generator") != "generator" or not isinstance(recipe.get("generator"), dict):
        return None
    size_px, licence = recipe["generator"].get("size_px"), recipe.get("licence", "")
    if not isinstance(size_px, int) or not isinstance(licence, str):
        return None
    return ListedModel(name, path, size_px, licence, is_default)
