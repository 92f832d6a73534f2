"""Damages HDF5 files: their bytes near what describes arrays, and, with h5py, their attributes, arrays and links."""

import io
import json
import random
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np

from benchmarks.hostile.bytes import damage
from benchmarks.hostile.values import damaged_json

MARKS = [
    b"\x89HDF", b"OHDR", b"OCHK", b"TREE", b"SNOD", b"HEAP", b"GCOL", b"FRHP", b"BTHD", b"layer_names", b"weight_names",
    b"model_config", b"training_config", b"keras_version", b"backend", b"/kernel:0", b"vars",
]  # fmt: skip
NOT_FLOATS = (np.int64(-1), 1.5, b"x", "x", np.zeros((0,), "S4"), [b"a"] * 3, ["a", "b"], np.zeros(9), h5py.Empty("f4"),
              np.array([("x", 1)], [("a", "S4"), ("b", "i8")]))  # fmt: skip
SHAPES: tuple[tuple[int, ...], ...] = ((), (0,), (1,), (3, 3), (1 << 28,), (1 << 40,), (1, 1, 1, 1, 1, 1))
TYPES = ("f2", "f8", "i1", "u8", "S9", "c8", ">f4", bool)


def damaged_hdf5(content: bytes, chance: random.Random) -> bytes:
    """A sound HDF5 file with one to three damages of its bytes or of its objects."""
    if chance.random() < 0.5:
        return damage(content, content, chance, MARKS)
    file = io.BytesIO(content)
    with h5py.File(file, "r+") as hdf5:
        names: list[str] = []
        hdf5.visit(names.append)
        for _ in range(chance.randint(1, 3)):
            item = hdf5.get(chance.choice(names)) if chance.random() < 0.7 else hdf5
            if item is None:  # gone with its group
                continue
            if item.attrs and chance.random() < 0.5:
                _damage_attribute(item, chance)
            elif item.name != "/":
                _damage_member(hdf5, item, chance)
    content = file.getvalue()
    return damage(content, content, chance, MARKS) if chance.random() < 0.1 else content


def _damage_attribute(item: Any, chance: random.Random) -> None:
    name = chance.choice(list(item.attrs))
    value = item.attrs[name]
    match chance.randrange(5):
        case 0:
            del item.attrs[name]
        case 1 if isinstance(value, np.ndarray) and len(value):
            values = value.tolist()
            values[chance.randrange(len(values))] = values[chance.randrange(len(values))]
            item.attrs[name] = values[: chance.randint(0, len(values))]
        case 2 | 3 if isinstance(value, str) and value.startswith("{"):
            item.attrs[name] = damaged_json(json.loads(value), chance).decode()
        case _:
            item.attrs[name] = chance.choice(NOT_FLOATS)


def _damage_member(hdf5: h5py.File, item: Any, chance: random.Random) -> None:
    """Puts something else in the place of an array or a group."""
    name = item.name
    shape = chance.choice(SHAPES)
    array = item[()] if isinstance(item, h5py.Dataset) else np.zeros(3, np.float32)
    del hdf5[name]
    makers: list[Callable[[], Any]] = [
        lambda: None,
        lambda: hdf5.__setitem__(name, h5py.SoftLink("/")),
        lambda: hdf5.__setitem__(name, h5py.ExternalLink("/etc/passwd", "/")),
        lambda: hdf5.__setitem__(name, hdf5),
        lambda: hdf5.__setitem__(name, np.dtype("f4")),
        lambda: hdf5.create_group(name),
        lambda: hdf5.create_dataset(name, shape, chance.choice(TYPES)),
        lambda: (
            hdf5.create_dataset(name, data=array, chunks=True, compression="gzip") if array.ndim else None
        ),
        lambda: hdf5.create_dataset(name, (8,), "f4", external=[("/etc/hostname", 0, h5py.h5f.UNLIMITED)]),
        lambda: hdf5.create_dataset(name, data=np.full_like(array, chance.choice((0, 1, 127)))),
        lambda: hdf5.create_dataset(name, data=array[..., :-1] if array.ndim else array),
        lambda: hdf5.create_dataset(name, data=array.astype("f8") * float("nan")),
    ]
    chance.choice(makers)()
