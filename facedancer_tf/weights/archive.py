"""Reads and writes network files: `.keras` archives with one more member, `recipe.json`, for every kind of network.

Keras itself can open such a file, but this project never lets it. The reader takes the recipe and the arrays out of the
file; the module of the kind (`model_file`, `encoder_file`, `discriminator_file`) builds *our* network from the recipe,
and the arrays are put into it. So a file from anywhere runs no code.
"""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import h5py
import keras
import numpy as np

from data.printable import printable
from data.whole_files import whole_path
from data.zip_members import DAMAGE, open_zip, read_member
from facedancer_tf.errors import UserError
from facedancer_tf.weights.embedded import assign_weights, without_drawing
from facedancer_tf.weights.plain_hdf5 import CEILING_BYTES, open_plain_hdf5
from facedancer_tf.weights.recipes import RECIPE, RECIPE_CEILING_BYTES, parse_recipe
from facedancer_tf.writing import make_folder, reported

CONFIG, WEIGHTS = "config.json", "model.weights.h5"  # the names that Keras gives them
# The members, and the most bytes that each may have.
MEMBERS = {RECIPE: RECIPE_CEILING_BYTES, CONFIG: 16 << 20, WEIGHTS: CEILING_BYTES, "metadata.json": 1 << 20}
Loaded = TypeVar("Loaded")


def write_archive(
    network: keras.Model, kind: str, recipe: dict[str, Any], path: Path, half: bool = False
) -> None:
    """Writes `network` and its recipe to a file beside `path` (`.keras`), and then renames it to `path`.

    `kind` is "generator", "encoder" or "discriminator". With `half` the weights are stored in float16 (half the
    bytes; they are float32 again once loaded).
    """
    make_folder(path.parent)
    with reported(path), whole_path(path) as beside:
        network.save(beside)
        with zipfile.ZipFile(beside) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        if half:
            members[WEIGHTS] = _in_half(members[WEIGHTS])
        members[RECIPE] = json.dumps({"kind": kind, **recipe}, indent=1).encode()
        with zipfile.ZipFile(beside, "w") as archive:
            for name, content in members.items():
                # Weights look like noise to a compressor: deflating them takes seconds and gains little.
                compression = zipfile.ZIP_STORED if name == WEIGHTS else zipfile.ZIP_DEFLATED
                archive.writestr(name, content, compression)


def load_archive(
    path: Path, kind: str, build: Callable[[dict[str, Any]], tuple[keras.Model, Loaded]]
) -> tuple[keras.Model, Loaded]:
    """Loads the network of `kind` in `path`; `build` makes it, and the recipe's object, from the recipe's values.

    Raises UserError if the file is missing, foreign, damaged, of another kind or does not fit its own recipe. In the
    last case `build` may raise ValueError.
    """
    if not path.is_file():
        raise UserError(f"there is no {kind} file {path}; check the name", "missing")
    if path.suffix.lower() in (".h5", ".hdf5", ".onnx"):
        raise UserError(
            f"{path} is not a file of this project yet; make it one: "
            f"python import_weights.py {path} -o {path.with_suffix('.keras').name}",
            "unreadable",
        )
    try:
        recipe, arrays = _read(path)
        stored_kind = recipe.pop("kind", "generator")  # old files name no kind: all of them are generators
        if stored_kind != kind:
            raise UserError(
                f"{path} holds {_a(str(stored_kind)[:80])}, not {_a(kind)}; name another file", "unreadable"
            )
        with without_drawing(sum(array.size for layer in arrays.values() for array in layer)):
            network, loaded = build(recipe)
        _assign(network, arrays)
    except DAMAGE as error:
        reason = printable(" ".join(str(error).split()))[:200] or "it ends too early"
        raise UserError(
            f"{path} is not a whole {kind} file of this project ({reason}); "
            "write it again with the script that made it.",
            "unreadable",
        ) from error
    return network, loaded


def fingerprint(network: keras.Model) -> str:
    """SHA-256 of all weights as float32, in order: it says which encoder this is, whatever file it came from."""
    digest = hashlib.sha256()
    for weight in network.get_weights():
        digest.update(np.ascontiguousarray(weight, "<f4").data)
    return digest.hexdigest()


def _read(path: Path) -> tuple[dict[str, Any], dict[str, list[np.ndarray]]]:
    """Reads recipe and arrays by layer name; raises ValueError for members that are too large or do not belong."""
    with open_zip(path) as archive:
        infos = {info.filename: info for info in archive.infolist()}
        if len(archive.infolist()) != len(infos) or not set(infos) <= set(MEMBERS):
            strangers = sorted(set(infos) - set(MEMBERS))[:1] or ["the same name twice"]
            raise ValueError(f"it has a member that such files do not have: {strangers[0]!r}")
        # Every member is read, because only reading shows damage.
        members = {name: read_member(archive, info, MEMBERS[name]) for name, info in infos.items()}
    return parse_recipe(members[RECIPE]), _arrays_by_layer(json.loads(members[CONFIG]), members[WEIGHTS])


def _in_half(weights: bytes) -> bytes:
    """Copies an HDF5 file with every float32 dataset in float16."""
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
    """Sorts the archive's arrays by layer name.

    Keras stores them under class and counter, and its config says which layer has which name. So a layer's class may
    change from one version of this project to the next, as long as names and shapes stay.
    """
    arrays_by_layer: dict[str, list[np.ndarray]] = {}
    counts: dict[str, int] = {}
    with open_plain_hdf5(io.BytesIO(weights)) as file:
        for layer in config["config"]["layers"]:
            kind = _snake_case(layer["class_name"])
            number = counts.get(kind, 0)
            counts[kind] = number + 1
            group = file.get(f"layers/{kind}_{number}/vars" if number else f"layers/{kind}/vars", {})
            arrays = [_array(group[key], weights) for key in sorted(group, key=int)]
            if arrays:
                arrays_by_layer[str(layer["config"]["name"])] = arrays
    return arrays_by_layer


def _array(dataset: h5py.Dataset, content: bytes) -> np.ndarray:
    """Reads an array at its place in the file's `content`; copies it only if it lies there in pieces."""
    offset = dataset.id.get_offset()
    if offset is None:
        return np.asarray(dataset)
    return np.frombuffer(content, dataset.dtype, dataset.size, offset).reshape(dataset.shape)


def _assign(network: keras.Model, arrays: dict[str, list[np.ndarray]]) -> None:
    """Puts the arrays into the network's layers.

    Raises ValueError if an array is missing, left over, of another shape or not finite.
    """
    for name, values in arrays.items():
        if not all(np.isfinite(value).all() for value in values):
            raise ValueError(f"the weights of {name} are not finite")
    assign_weights(network, arrays)


def _snake_case(name: str) -> str:
    """Turns Conv2D into conv2d and AdaIN into ada_in, as Keras names the groups of its weight files."""
    return re.sub(
        r"([a-z])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    ).lower()


def _a(kind: str) -> str:
    return f"{'an' if kind[:1] in 'aeiou' else 'a'} {kind}"
