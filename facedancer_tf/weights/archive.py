"""Network files: a `.keras` archive with one member more, `recipe.json`, for every kind of network here.

Keras itself opens such a file; we never let it. The reader takes the recipe and the arrays out, the kind's own
module (`model_file`, `encoder_file`, `discriminator_file`) builds *our* network from the recipe and puts the arrays
in. So a file from anywhere runs no code.
"""

import hashlib
import io
import json
import os
import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import h5py
import keras
import numpy as np

from facedancer_tf.errors import UserError
from facedancer_tf.weights.embedded import assign_weights, without_drawing
from facedancer_tf.weights.plain_hdf5 import CEILING_BYTES, open_plain_hdf5

RECIPE = "recipe.json"
CONFIG, WEIGHTS = "config.json", "model.weights.h5"  # Keras' names
MEMBERS = {RECIPE, CONFIG, WEIGHTS, "metadata.json"}
TEXT_CEILING_BYTES = 16 << 20  # of a member that is not the weights
# What reading a damaged or foreign archive raises; RuntimeError: an encrypted one, or JSON without end.
DAMAGE = (zipfile.BadZipFile, zlib.error, KeyError, ValueError, OSError, RuntimeError)
Loaded = TypeVar("Loaded")


def write_archive(
    network: keras.Model, kind: str, recipe: dict[str, Any], path: Path, half: bool = False
) -> None:
    """Writes `network` and its recipe to `path` (`.keras`), beside and then renamed.

    `kind` is "generator", "encoder" or "discriminator". With `half` the weights are stored in float16 (half the
    bytes; they are float32 again once loaded).
    """
    # one name: what a kill leaves, the next save replaces
    beside = path.with_name(f".{path.stem}.part.keras")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        network.save(beside)
        with zipfile.ZipFile(beside) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        if half:
            members[WEIGHTS] = _in_half(members[WEIGHTS])
        members[RECIPE] = json.dumps({"kind": kind, **recipe}, indent=1).encode()
        with zipfile.ZipFile(beside, "w") as archive:
            for name, content in members.items():
                # Weights are noise to it: deflating them takes seconds and gains little.
                way = zipfile.ZIP_STORED if name == WEIGHTS else zipfile.ZIP_DEFLATED
                archive.writestr(name, content, way)
        os.replace(beside, path)
    except OSError as error:
        raise UserError(f"{path} could not be written ({error.strerror or error})") from error
    finally:
        beside.unlink(missing_ok=True)


def load_archive(
    path: Path, kind: str, build: Callable[[dict[str, Any]], tuple[keras.Model, Loaded]]
) -> tuple[keras.Model, Loaded]:
    """The network of `kind` in `path`: `build` makes it (and the recipe's object) from the recipe's values.

    Raises UserError if the file is missing, foreign, damaged, of another kind or does not fit its own recipe;
    `build` may raise ValueError, KeyError or TypeError for the latter.
    """
    if not path.is_file():
        raise UserError(f"there is no {kind} file {path}; check the name")
    if path.suffix.lower() in (".h5", ".hdf5", ".onnx"):
        raise UserError(
            f"{path} is not a file of this project yet; make it one: "
            f"python import_weights.py {path} -o {path.with_suffix('.keras').name}"
        )
    try:
        recipe, arrays = _read(path)
        found = recipe.pop("kind", "generator")  # which files from before there were other kinds are
        if found != kind:
            raise UserError(f"{path} holds {_a(found)}, not {_a(kind)}; name another file")
        with without_drawing():
            network, loaded = build(recipe)
        _assign(network, arrays)
    except (*DAMAGE, TypeError, AttributeError) as error:
        raise UserError(
            f"{path} is not a whole {kind} file of this project ({' '.join(str(error).split())[:200]}); "
            "write it again with the script that made it."
        ) from error
    return network, loaded


def read_recipe(path: Path) -> dict[str, Any]:
    """The recipe of `path` without its weights; empty for a file that is none of ours."""
    try:
        with zipfile.ZipFile(path) as archive:
            recipe = (
                json.loads(archive.read(RECIPE))
                if archive.getinfo(RECIPE).file_size <= TEXT_CEILING_BYTES
                else {}
            )
    except DAMAGE:
        return {}
    return recipe if isinstance(recipe, dict) else {}


def fingerprint(network: keras.Model) -> str:
    """SHA-256 of all weights as float32, in order: which encoder this is, whatever file it came from."""
    digest = hashlib.sha256()
    for weight in network.get_weights():
        digest.update(np.ascontiguousarray(weight, "<f4").data)
    return digest.hexdigest()


def _read(path: Path) -> tuple[dict[str, Any], dict[str, list[np.ndarray]]]:
    """Recipe and arrays by layer name; raises ValueError for members that are too large or do not belong there."""
    with zipfile.ZipFile(path) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}
        if len(archive.infolist()) != len(sizes) or not set(sizes) <= MEMBERS:
            strange = sorted(set(sizes) - MEMBERS)[:1] or ["the same name twice"]
            raise ValueError(f"it has a member that such files do not have: {strange[0]!r}")
        for name, size in sizes.items():
            if size > (CEILING_BYTES if name == WEIGHTS else TEXT_CEILING_BYTES):
                raise ValueError(f"its member {name} would unpack to {size} bytes")
        members = {name: archive.read(name) for name in sizes}  # all: reading is what finds damage
    recipe = json.loads(members[RECIPE])
    if not isinstance(recipe, dict):
        raise ValueError(f"its {RECIPE} is not a table")
    return recipe, _arrays_by_layer(json.loads(members[CONFIG]), members[WEIGHTS])


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


def _arrays_by_layer(config: dict[str, Any], weights: bytes) -> dict[str, list[np.ndarray]]:
    """The archive's arrays by layer name. Keras files them under class and counter; its config says who is who.

    So a layer's class may change from one version of this project to the next, as long as names and shapes stay.
    """
    found: dict[str, list[np.ndarray]] = {}
    counts: dict[str, int] = {}
    with open_plain_hdf5(io.BytesIO(weights)) as file:
        for layer in config["config"]["layers"]:
            kind = _snake_case(layer["class_name"])
            number = counts.get(kind, 0)
            counts[kind] = number + 1
            group = file.get(f"layers/{kind}_{number}/vars" if number else f"layers/{kind}/vars", {})
            arrays = [_array(group[key], weights) for key in sorted(group, key=int)]
            if arrays:
                found[str(layer["config"]["name"])] = arrays
    return found


def _array(dataset: h5py.Dataset, content: bytes) -> np.ndarray:
    """The array where it lies in the file's `content`; copied out only if it lies there in pieces."""
    offset = dataset.id.get_offset()
    if offset is None:
        return np.asarray(dataset)
    return np.frombuffer(content, dataset.dtype, dataset.size, offset).reshape(dataset.shape)


def _assign(network: keras.Model, arrays: dict[str, list[np.ndarray]]) -> None:
    """Puts the arrays into the network's layers: none missing, left over or of another shape, all finite."""
    for name, values in arrays.items():
        if not all(np.isfinite(value).all() for value in values):
            raise ValueError(f"the weights of {name} are not finite")
    assign_weights(network, arrays)


def _snake_case(name: str) -> str:
    """Conv2D → conv2d, AdaIN → ada_in: as Keras names the groups of its weight files."""
    return re.sub(
        r"([a-z])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    ).lower()


def _a(kind: str) -> str:
    return f"{'an' if kind[:1] in 'aeiou' else 'a'} {kind}"
