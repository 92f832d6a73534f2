"""Tests the repository's own weights and photographs: what is written can be read, and one sentence says what lacks."""

from pathlib import Path

import keras
import numpy as np
import pytest

from facedancer_tf import bundled_pictures
from facedancer_tf.errors import UserError
from facedancer_tf.weights.embedded import read_embedded_weights, without_drawing, write_embedded_weights

ARRAYS: dict[str, np.ndarray] = {
    "kernel": np.arange(6, dtype=np.uint8).reshape(2, 3),
    "bias": np.array([0.5, -1.0], np.float32),
}


def test_what_is_written_is_read_back_and_damage_is_seen(tmp_path: Path) -> None:
    said = write_embedded_weights(ARRAYS, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["SHA256SUMS", "weights.npz"]
    assert (tmp_path / "SHA256SUMS").read_text().split()[0] in said
    read = read_embedded_weights(tmp_path)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(read[name], array, strict=True)
    (tmp_path / "weights.npz").write_bytes((tmp_path / "weights.npz").read_bytes()[:-1])
    with pytest.raises(UserError, match=r"weights\.npz is not the file that SHA256SUMS names: restore it"):
        read_embedded_weights(tmp_path)
    (tmp_path / "weights.npz").unlink()
    with pytest.raises(UserError, match="are missing"):
        read_embedded_weights(tmp_path)


def test_nothing_is_drawn_for_weights_that_follow() -> None:
    def build() -> keras.Model:
        return keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Conv2D(2, 3), keras.layers.Dense(2)])

    with without_drawing():
        assert not any(weight.any() for weight in build().get_weights())
    assert sum(weight.any() for weight in build().get_weights()) == 2  # both kernels, as ever


def test_the_photographs_are_listed_by_name_and_missed_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [path.name for path in bundled_pictures.bundled_pictures()]
    assert names == sorted(names)
    assert {"grace_hopper.jpg", "eileen_collins.png"} < set(names)
    monkeypatch.setattr(bundled_pictures, "PICTURES", tmp_path)
    (tmp_path / "CREDITS.md").touch()
    with pytest.raises(UserError, match="no photographs"):
        bundled_pictures.bundled_pictures()
