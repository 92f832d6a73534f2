"""Files that would make the reading libraries loop or take all memory are refused in one sentence."""

import io
import os
import pickle
import signal
import struct
from pathlib import Path

import h5py
import numpy as np
import pytest

from facedancer_tf.errors import UserError
from facedancer_tf.graphs.graph import GraphError
from facedancer_tf.importing import reading_apart
from facedancer_tf.importing.importer import read_weights
from facedancer_tf.importing.reading_apart import _Answers, read_hdf5_apart, read_onnx_apart


def endless_hdf5(path: Path) -> Path:
    """A file in which HDF5 1.14 seeks the texts of an attribute for ever: their free space has the size 0."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = ["conv2d", "dense"]
    content = bytearray(path.read_bytes())
    place = content.index(b"GCOL") + 16
    while struct.unpack_from("<H", content, place)[0]:
        place += 16 + (struct.unpack_from("<Q", content, place + 8)[0] + 7) // 8 * 8
    struct.pack_into("<Q", content, place + 8, 0)
    path.write_bytes(content)
    return path


def test_an_attribute_without_end_ends(tmp_path, monkeypatch):
    path = endless_hdf5(tmp_path / "endless.h5")
    monkeypatch.setattr(reading_apart, "COMPUTING_S", 1)
    with pytest.raises(
        UserError, match=r"endless\.h5 cannot be imported: it is damaged: reading it has no end"
    ):
        read_weights(path)


def test_a_file_that_takes_all_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(reading_apart, "MEMORY_BYTES", 1 << 30)
    monkeypatch.setattr(reading_apart, "COMPUTING_S", 60)
    nodes = b"\x0a\x00" * 8_000_000  # each of two bytes becomes an object
    size = len(nodes)
    length = bytes([size & 127 | 128, size >> 7 & 127 | 128, size >> 14 & 127 | 128, size >> 21 & 127])
    (tmp_path / "many.onnx").write_bytes(b"\x3a" + length + nodes)
    with pytest.raises(GraphError, match=r"takes more than 1024 MB of memory|or one that is cut off"):
        read_onnx_apart(tmp_path / "many.onnx")


def test_what_is_read_and_what_is_refused_comes_back_as_it_is(tmp_path):
    with h5py.File(tmp_path / "whole.h5", "w") as file:
        file.attrs["layer_names"] = [b"dense"]
        file.create_group("dense").attrs["weight_names"] = [b"kernel"]
        file["dense/kernel"] = np.arange(3, dtype=np.float32)
    checkpoint = read_hdf5_apart(tmp_path / "whole.h5")
    np.testing.assert_array_equal(checkpoint.layers[0].arrays["kernel"], [0, 1, 2])
    assert checkpoint.numbers == 3
    (tmp_path / "text.h5").write_text("text")
    with pytest.raises(GraphError, match="not a whole HDF5 file"):
        read_hdf5_apart(tmp_path / "text.h5")
    (tmp_path / "empty.onnx").touch()
    with pytest.raises(GraphError, match="it holds no network"):
        read_onnx_apart(tmp_path / "empty.onnx")


def test_a_reader_that_dies_is_one_sentence(tmp_path, monkeypatch):
    started = reading_apart.subprocess.Popen

    def killed(*arguments, **options):
        process = started(*arguments, **options)
        os.kill(process.pid, signal.SIGSEGV)
        return process

    monkeypatch.setattr(reading_apart.subprocess, "Popen", killed)
    with pytest.raises(GraphError, match="ends the program that reads"):
        read_hdf5_apart(tmp_path / "any.h5")


class Runs:
    """Runs code where it is unpickled by an unwary reader."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch taken_over",)


def test_an_answer_that_holds_more_than_arrays_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(pickle.UnpicklingError, match="system is no part of an answer"):
        _Answers(io.BytesIO(pickle.dumps(Runs()))).load()
    assert not (tmp_path / "taken_over").exists()
