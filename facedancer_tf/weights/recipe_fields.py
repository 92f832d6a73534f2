"""Checks the types of a recipe's fields before anything is built from them: a file may say what it likes."""

import math
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar, get_origin, get_type_hints

TEXT_CEILING = 2000  # letters of a licence, an origin …
Recipe = TypeVar("Recipe")


def typed_recipe(kind: type[Recipe], values: Mapping[str, Any]) -> Recipe:
    """Makes a `kind`, which is a dataclass, from a file's `values`.

    Raises ValueError for a field that is missing, unknown or of another type, a text without end, or a number that is
    not finite.
    """
    types = get_type_hints(kind)
    optional = {field.name for field in fields(kind) if field.default is not MISSING}  # type: ignore[arg-type]
    check_fields(values, types, optional)
    return kind(**values)


def check_fields(
    values: Mapping[str, Any], types: Mapping[str, type], optional: set[str] | None = None
) -> None:
    """Raises ValueError where `values` has not exactly the fields of `types`, each of its type, but for `optional`."""
    different = (set(values) ^ set(types)) - (set(types) & (optional or set()))
    if different:
        raise ValueError(f"its field {sorted(different)[0][:80]!r} is missing or not known here")
    for name, value in values.items():
        if not _fits(value, get_origin(types[name]) or types[name]):
            raise ValueError(f"its field {name!r} is {_short(value)}, which it cannot be")


def _fits(value: Any, kind: type) -> bool:
    if isinstance(value, bool):  # to Python it is a number
        return kind is bool
    if kind is float:
        return isinstance(value, (int, float)) and abs(value) < 1e30 and math.isfinite(value)
    if isinstance(value, str):
        return kind is str and len(value) <= TEXT_CEILING
    return isinstance(value, kind)


def _short(value: Any) -> str:
    return repr(value)[:80] if not isinstance(value, (dict, list)) else f"a {type(value).__name__}"
