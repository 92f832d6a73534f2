"""Reads what a network file says about its network, without the network: for lists of models, which need no Keras.

See `facedancer_tf.weights.archive` for the file itself.
"""

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

RECIPE = "recipe.json"
TEXT_CEILING_BYTES = 16 << 20  # for every member except the weights
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # those that Keras and this project write
# Reading a damaged or foreign archive raises one of these; RuntimeError is for an encrypted one, or JSON without end.
DAMAGE = (zipfile.BadZipFile, zlib.error, KeyError, ValueError, OSError, RuntimeError)


def read_recipe(path: Path) -> dict[str, Any]:
    """Reads the recipe of `path` without its weights; it is empty for a file that is not ours."""
    try:
        with zipfile.ZipFile(path) as archive:
            recipe = json.loads(read_member(archive, archive.getinfo(RECIPE)))
    except DAMAGE:
        return {}
    return recipe if isinstance(recipe, dict) else {}


def read_member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, ceiling_bytes: int = TEXT_CEILING_BYTES
) -> bytes:
    """Reads one member; raises ValueError where it is too large or packed in a way that these files do not use."""
    if info.file_size > ceiling_bytes:
        raise ValueError(f"its member {info.filename} would unpack to {info.file_size} bytes")
    if info.compress_type not in COMPRESSIONS:
        raise ValueError(f"its member {info.filename} is packed by the method {info.compress_type}")
    return archive.read(info)
