"""Model files: a `.keras` archive of the generator with one member more, `recipe.json`.

Keras itself opens such a file; we never let it. Our loader reads the recipe, builds *our* generator from it
and takes nothing but arrays out of the archive, so that a file from anywhere runs no code.
"""

import dataclasses
import io
import json
import os
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from facedancer_tf import __version__
from facedancer_tf.errors import UserError
from networks.encoders import ENCODERS
from networks.generator import build_generator

RECIPE, WEIGHTS = "recipe.json", "model.weights.h5"  # the latter is Keras' name
CEILING_BYTES = 1 << 30  # of one archive member, unpacked; the largest released plan has 0.25 GB


@dataclass(frozen=True)
class ModelRecipe:
    """What a swapper must know about its generator.

    `generator` are `build_generator`'s arguments, `encoder` a name in `networks.encoders.ENCODERS`, `shrink`
    the crop's (see `data.alignment`), `trained_on` and `licence` plain words for people.
    """

    generator: dict[str, Any]
    encoder: str
    shrink: float
    trained_on: str
    licence: str
    step: int
    version: str = __version__

    @property
    def size_px(self) -> int:
        return int(self.generator["size_px"])


def save_model_file(generator: keras.Model, recipe: ModelRecipe, path: Path, half: bool = False) -> None:
    """Writes `generator` and its recipe to `path` (`.keras`), beside and then renamed.

    With `half` the weights are stored in float16 (half the bytes; they are float32 again once loaded).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(
        f".{path.stem}.part.keras"
    )  # one name: what a kill leaves, the next save replaces
    rebuilt = build_generator(**recipe.generator)  # float32 and named alike, whatever it was trained with
    rebuilt.set_weights(generator.get_weights())
    try:
        rebuilt.save(beside)
        members = _read_members(beside)
        if half:
            members[WEIGHTS] = _in_half(members[WEIGHTS])
        members[RECIPE] = json.dumps(dataclasses.asdict(recipe), indent=1).encode()
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def load_model_file(path: Path) -> tuple[keras.Model, ModelRecipe]:
    """Builds the generator that `path` describes, with its weights, in float32.

    Raises:
        UserError: if the file is missing, damaged, not one of ours, or does not fit its own recipe.
    """
    if not path.is_file():
        raise UserError(f"there is no model file {path}; name one that train.py wrote (…/model.keras).")
    try:
        members = _read_members(path)
        recipe = ModelRecipe(**json.loads(members[RECIPE]))
        recipe.generator["fusion"] = tuple(recipe.generator["fusion"])
        if recipe.encoder not in ENCODERS:
            raise ValueError(f"unknown encoder {recipe.encoder!r}")
        if recipe.generator["identity_width"] != ENCODERS[recipe.encoder].width:
            raise ValueError("its identity width is not its encoder's")
        generator = build_generator(**recipe.generator)
        _assign(generator, members[WEIGHTS])
    except (zipfile.BadZipFile, zlib.error, KeyError, TypeError, ValueError, OSError, RuntimeError) as error:
        raise UserError(
            f"{path} is not a whole model file of this project ({' '.join(str(error).split())[:200]}); "
            "write it again with train.py."
        ) from error
    return generator, recipe


def _read_members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.file_size > CEILING_BYTES:
                raise ValueError(f"its member {info.filename} would unpack to {info.file_size} bytes")
        return {info.filename: archive.read(info) for info in archive.infolist()}


def _in_half(weights: bytes) -> bytes:
    """The same HDF5 file with every float32 dataset in float16."""
    out = io.BytesIO()
    with h5py.File(io.BytesIO(weights), "r") as source, h5py.File(out, "w") as target:

        def copy(name: str, item: h5py.Group | h5py.Dataset) -> None:
            if isinstance(item, h5py.Dataset):
                node = target.create_dataset(name, data=item[()].astype(np.float16))
            else:
                node = target.require_group(name)
            node.attrs.update(item.attrs)

        source.visititems(copy)
        target.attrs.update(source.attrs)
    return out.getvalue()


def _assign(generator: keras.Model, weights: bytes) -> None:
    """Puts the archive's arrays into the generator: none missing, none of another shape, all finite."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / WEIGHTS
        file.write_bytes(weights)
        generator.load_weights(file)
    for weight in generator.weights:
        if not np.isfinite(weight.numpy()).all():
            raise ValueError(f"the weights of {weight.path} are not finite")
