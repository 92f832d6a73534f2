"""Encoders of other people's model folders, converted when they are first needed."""

from pathlib import Path

import keras
import pytest

from facedancer_tf.errors import UserError
from facedancer_tf.importing import importer
from facedancer_tf.importing.encoders import as_encoder_file
from facedancer_tf.weights.catalogue import cache_folder
from tests.facedancer_tf.conftest import write_tiny_encoder


def test_an_insightface_encoder_is_converted_once_and_anew_when_the_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FACEDANCER_CACHE", str(tmp_path / "cache"))
    pack = tmp_path / ".insightface" / "models" / "buffalo_l"
    pack.mkdir(parents=True)
    onnx = pack / "w600k_r50.onnx"
    onnx.write_bytes(b"one")
    kind, converted = "encoder", []

    def read_weights(path: Path) -> importer.Imported:
        converted.append(path)
        return importer.Imported(kind, "", keras.Model(), lambda out: write_tiny_encoder(out))

    monkeypatch.setattr(importer, "read_weights", read_weights)
    first = as_encoder_file(onnx)
    assert as_encoder_file(onnx) == first
    assert first.parent == cache_folder()
    assert converted == [onnx]
    onnx.write_bytes(b"two")
    assert as_encoder_file(onnx) != first
    assert len(converted) == 2
    onnx.write_bytes(b"three")
    kind = "generator"
    with pytest.raises(UserError, match="holds a generator, not an encoder"):
        as_encoder_file(onnx)
    own = tmp_path / "own.keras"
    assert as_encoder_file(own) == own
