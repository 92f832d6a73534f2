"""Hostile network files: our own model files, weight files of others in HDF5 and in ONNX."""

import io
import json
import random
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from benchmarks.hostile.bytes import damage
from benchmarks.hostile.hdf5 import damaged_hdf5
from benchmarks.hostile.kind import kind_of_files
from benchmarks.hostile.messages import damaged_message
from benchmarks.hostile.values import damaged_json, damaged_text
from benchmarks.hostile.zips import DEFLATED, STORED, damaged_zip, member, write_zip
from facedancer_tf.errors import UserError
from facedancer_tf.evaluation.onnx_network import OnnxNetwork, PixelInput
from facedancer_tf.graphs.keras_layers import model_graph
from facedancer_tf.importing.importer import Statements, read_weights
from facedancer_tf.importing.saved_order import distances
from facedancer_tf.weights.discriminator_file import (
    DiscriminatorRecipe,
    load_discriminator_file,
    save_discriminator_file,
)
from facedancer_tf.weights.encoder_file import EncoderRecipe, load_encoder_file, save_encoder_file
from facedancer_tf.weights.model_file import ModelRecipe, load_model_file, save_model_file
from networks.discriminator import build_image_discriminator
from networks.encoders import ENCODERS
from networks.generator import build_generator

SIZE_PX, FILTERS = 64, 4
FUSION = ("no_skip", "add", "affa", "affa", "affa", "concat")
STATED = Statements(fusion=FUSION, mapping_depth=1, size_px=SIZE_PX)
ENCODER = "mobileface"
OWN: dict[str, Callable[[Path], Any]] = {
    "generator": load_model_file,
    "encoder": load_encoder_file,
    "discriminator": load_discriminator_file,
}
PIXELS = PixelInput(16, "RGB", -1.0, 1.0)


def _written(names: Callable[[Path], None]) -> dict[str, bytes]:
    """The files that a function writes into a folder, by name."""
    with tempfile.TemporaryDirectory() as folder:
        names(Path(folder))
        return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


def _generator(identity_width: int) -> tuple[keras.Model, dict[str, Any]]:
    arguments: dict[str, Any] = {"size_px": SIZE_PX, "identity_width": identity_width, "base_filters": FILTERS,
                                 "fusion": FUSION, "mapping_depth": 1, "mapping_width": 16}  # fmt: skip
    return build_generator(**arguments), arguments


@cache
def own_files() -> Mapping[str, bytes]:
    """Small network files of each kind, named after it."""

    def write(folder: Path) -> None:
        generator, arguments = _generator(ENCODERS[ENCODER].width)
        recipe = ModelRecipe(arguments, ENCODER, 0.9, "nobody", "none", 7)
        save_model_file(generator, recipe, folder / "generator.keras")
        reads = ENCODERS[ENCODER]
        encoder = EncoderRecipe(ENCODER, {}, reads.low, reads.high, "none", "nowhere", "")
        save_encoder_file(reads.build(), encoder, folder / "encoder.keras")
        discriminator: dict[str, Any] = {"size_px": SIZE_PX, "base_filters": FILTERS}
        save_discriminator_file(
            build_image_discriminator(**discriminator),
            DiscriminatorRecipe(discriminator, "none", "nowhere"),
            folder / "discriminator.keras",
        )

    return _written(write)


def damaged_own(files: Mapping[str, bytes], chance: random.Random) -> tuple[str, bytes]:
    """A network file with damage of its bytes, of how it is packed, of its recipe or config, or of its arrays."""
    name = chance.choice([*files, "generator.keras"])
    if chance.random() < 0.15:
        return name, damage(files[name], files[name], chance, (b"PK\1\2", b"PK\3\4", b"PK\5\6", b"\x89HDF"))
    with zipfile.ZipFile(io.BytesIO(files[name])) as archive:
        members = {inner: archive.read(inner) for inner in archive.namelist()}
    match chance.randrange(5):
        case 0:
            return name, damaged_zip(members, chance)
        case 1:
            inner = chance.choice(("config.json", "config.json", "metadata.json"))
            members[inner] = damaged_json(json.loads(members[inner]), chance)
        case 2:
            members["model.weights.h5"] = damaged_hdf5(members["model.weights.h5"], chance)
        case 3 if chance.random() < 0.2:
            members["recipe.json"] = damaged_text(members["recipe.json"].decode(), chance)
        case _:
            members["recipe.json"] = damaged_json(json.loads(members["recipe.json"]), chance)
    packings = {inner: STORED if inner.endswith(".h5") else DEFLATED for inner in members}
    return name, write_zip([member(inner, members[inner], packings[inner]) for inner in members])


def _read_own(path: Path) -> None:
    OWN[path.stem](path)


@cache
def released_files() -> Mapping[str, bytes]:
    """Small Keras weight files (.h5) of a generator and a discriminator, whole models and weights alone."""

    def write(folder: Path) -> None:
        generator, _ = _generator(ENCODERS[STATED.encoder].width)
        for name, network in (
            ("generator", generator),
            ("discriminator", build_image_discriminator(SIZE_PX, FILTERS)),
        ):
            network.save(folder / f"{name}.h5")
            distance_of = {
                node.name: far for node, far in distances(model_graph(network)).items() if node.weights
            }
            with (
                h5py.File(folder / f"{name}.h5") as whole,
                h5py.File(folder / f"{name}_weights.h5", "w") as weights,
            ):
                root = whole["model_weights"]
                layers = sorted(distance_of, key=lambda layer: -distance_of[layer])
                weights.attrs["layer_names"] = layers
                for layer in layers:
                    root.copy(layer, weights)

    return _written(write)


def damaged_released(files: Mapping[str, bytes], chance: random.Random) -> tuple[str, bytes]:
    name = chance.choice(list(files))
    return name, damaged_hdf5(files[name], chance)


def _import(path: Path) -> None:
    read_weights(path, STATED)


@cache
def onnx_files() -> Mapping[str, bytes]:
    """A small ONNX network that turns pictures of 16 px into vectors, which has the operations of encoders."""
    random_ = np.random.default_rng(0)

    def tensor(name: str, *shape: int) -> onnx.TensorProto:
        return numpy_helper.from_array(np.abs(random_.normal(0, 0.1, shape)).astype(np.float32), name)

    nodes = [
        helper.make_node("Conv", ["pictures", "kernel", "bias"], ["a"], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node(
            "BatchNormalization", ["a", "gamma", "beta", "mean", "variance"], ["b"], epsilon=1e-5
        ),
        helper.make_node("PRelu", ["b", "slopes"], ["c"]),
        helper.make_node("Conv", ["c", "depthwise", "bias"], ["d"], group=8, pads=[1, 1, 1, 1]),
        helper.make_node("Flatten", ["d"], ["e"], axis=1),
        helper.make_node("Gemm", ["e", "matrix", "shift"], ["vectors"], transB=1),
    ]
    shapes = {
        "kernel": (8, 3, 3, 3),
        "depthwise": (8, 1, 3, 3),
        "slopes": (8, 1, 1),
        "matrix": (16, 512),
        "shift": (16,),
    }
    tensors = [tensor(name, *shape) for name, shape in shapes.items()]
    tensors += [tensor(name, 8) for name in ("bias", "gamma", "beta", "mean", "variance")]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "network", [value("pictures", TensorProto.FLOAT, ["batch", 3, PIXELS.size_px, PIXELS.size_px])],
        [value("vectors", TensorProto.FLOAT, ["batch", 16])], tensors,
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return {"network.onnx": model.SerializeToString()}


def damaged_onnx(files: Mapping[str, bytes], chance: random.Random) -> tuple[str, bytes]:
    name = chance.choice(list(files))
    if chance.random() < 0.3:
        return name, damage(
            files[name], files[name], chance, (b"Conv", b"Gemm", b"kernel", b"pictures", b"vectors")
        )
    return name, damaged_message(onnx.ModelProto.FromString(files[name]), chance)


def _read_onnx(path: Path) -> None:
    """Runs the network as a judge; as an encoder it is refused, whatever its damage."""
    with suppress(UserError):
        read_weights(path, STATED)
    OnnxNetwork(path, PIXELS)


MODEL_KIND = kind_of_files(own_files, damaged_own, _read_own, (UserError,))
RELEASED_KIND = kind_of_files(released_files, damaged_released, _import, (UserError,))
ONNX_KIND = kind_of_files(onnx_files, damaged_onnx, _read_onnx, (UserError,))
