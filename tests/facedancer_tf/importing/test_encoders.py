"""Encoders of other people's model folders, converted when they are first needed."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from facedancer_tf.errors import UserError
from facedancer_tf.importing import importer
from facedancer_tf.importing.encoders import load_converted
from facedancer_tf.weights.archive import load_archive
from facedancer_tf.weights.catalogue import cache_folder
from tests.facedancer_tf.conftest import write_tiny_encoder

ROOT = Path(__file__).resolve().parents[3]
# Stands for a slow conversion: the file of what was converted grows by a line each time.
WORKER = """
import sys, time
from pathlib import Path
from facedancer_tf.errors import UserError
from facedancer_tf.importing import encoders

def convert(path, converted):
    with open(sys.argv[2], "a") as counted:
        print("converted", file=counted)
    time.sleep(0.5)
    converted.write_bytes(b"whole")

def load(file):
    if not file.exists() or file.read_bytes() != b"whole":
        raise UserError("not here yet, or damaged", "unreadable")
    return "loaded"

encoders._convert = convert
print(encoders.load_converted(Path(sys.argv[1]), load))
"""


@pytest.fixture
def onnx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in a pack of insightface, of a user with a cache of their own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FACEDANCER_CACHE", str(tmp_path / "cache"))
    pack = tmp_path / ".insightface" / "models" / "buffalo_l"
    pack.mkdir(parents=True)
    (pack / "w600k_r50.onnx").write_bytes(b"one")
    return pack / "w600k_r50.onnx"


def whole(path: Path) -> Path:
    """The path of a file that can be loaded; UserError as `load_archive` raises it for any other."""
    if not path.is_file() or path.read_bytes() == b"damaged":
        load_archive(path, "encoder", lambda _: pytest.fail("it was read"))
    return path


def test_an_insightface_encoder_is_converted_once_and_anew_when_the_file_changes(
    onnx: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, converted = "encoder", []

    def read_weights(path: Path) -> importer.Imported:
        converted.append(path)
        return importer.Imported(kind, "", keras.Model(), lambda out: write_tiny_encoder(out))

    monkeypatch.setattr(importer, "read_weights", read_weights)
    first = load_converted(onnx, whole)
    assert load_converted(onnx, whole) == first
    assert first.parent == cache_folder()
    assert converted == [onnx]
    first.write_bytes(b"damaged")
    assert load_converted(onnx, whole) == first
    assert len(converted) == 2
    onnx.write_bytes(b"two")
    assert load_converted(onnx, whole) != first
    assert len(converted) == 3
    onnx.write_bytes(b"three")
    kind = "generator"
    with pytest.raises(UserError, match="holds a generator, not an encoder"):
        load_converted(onnx, whole)
    own = onnx.parents[3] / "own.keras"
    assert load_converted(own, lambda path: path) == own


def test_of_many_first_uses_at_once_one_converts_and_all_load(onnx: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", WORKER, str(onnx), str(tmp_path / "counted")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    workers = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    assert [worker.communicate(timeout=120)[0] for worker in workers] == ["loaded\n"] * 3
    assert (tmp_path / "counted").read_text() == "converted\n"
