import io
import json
import re
import zipfile
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from facedancer_tf.errors import UserError
from facedancer_tf.weights.archive import WEIGHTS
from facedancer_tf.weights.model_file import ModelRecipe, load_model_file, save_model_file
from facedancer_tf.weights.recipes import RECIPE, read_recipe
from networks.generator import build_generator

ARGUMENTS: dict[str, Any] = {
    "size_px": 64, "identity_width": 128, "base_filters": 4,
    "fusion": ("no_skip", "add", "affa", "affa", "affa", "concat"),
    "mapping_depth": 1, "mapping_width": 16,
}  # fmt: skip


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    keras.utils.set_random_seed(0)
    generator = build_generator(**ARGUMENTS, dtype="mixed_bfloat16")
    path = tmp_path_factory.mktemp("model") / "model.keras"
    recipe = ModelRecipe(ARGUMENTS, "sface", 0.9, "nobody", "research", 7)
    save_model_file(generator, recipe, path)
    return generator, recipe, path


def test_weights_and_recipe_come_back_in_float32(saved):
    generator, recipe, path = saved
    loaded, read = load_model_file(path)
    assert read == recipe
    for a, b in zip(generator.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert loaded.get_layer("encoder_stem").compute_dtype == "float32"
    assert [p.name for p in path.parent.iterdir()] == ["model.keras"]


def test_keras_itself_opens_the_file(saved):
    generator, _, path = saved
    opened = keras.saving.load_model(path)
    np.testing.assert_array_equal(opened.get_weights()[0], generator.get_weights()[0])


def test_arrays_that_lie_in_pieces_are_put_together(saved, tmp_path):
    generator, _, path = saved
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    out = io.BytesIO()
    with h5py.File(io.BytesIO(members[WEIGHTS]), "r") as source, h5py.File(out, "w") as target:

        def copy(name: str, item: h5py.Group | h5py.Dataset) -> None:
            if isinstance(item, h5py.Dataset):
                target.create_dataset(name, data=item[()], chunks=item.shape)

        source.visititems(copy)
    members[WEIGHTS] = out.getvalue()
    with zipfile.ZipFile(tmp_path / "pieces.keras", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    loaded, _ = load_model_file(tmp_path / "pieces.keras")
    for a, b in zip(generator.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_half_halves_the_bytes_and_keeps_the_values(saved, tmp_path):
    generator, recipe, path = saved
    save_model_file(generator, recipe, tmp_path / "half.keras", half=True)
    saved_bytes = path.stat().st_size - (tmp_path / "half.keras").stat().st_size
    assert saved_bytes > 0.9 * 2 * generator.count_params()  # two of four bytes each; the rest is HDF5's own
    for a, b in zip(
        generator.get_weights(), load_model_file(tmp_path / "half.keras")[0].get_weights(), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-6)


def test_damaged_files_are_one_sentence(saved, tmp_path):
    _, _, path = saved
    whole, bad = path.read_bytes(), tmp_path / "bad.keras"
    for tenth in range(10):
        bad.write_bytes(whole[: len(whole) * tenth // 10])
        with pytest.raises(UserError, match="not a whole generator file"):
            load_model_file(bad)
    for at in np.linspace(100, len(whole) // 2, 20, dtype=int):
        bad.write_bytes(whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
        with pytest.raises(UserError, match="not a whole generator file"):
            load_model_file(bad)


def test_members_that_are_packed_otherwise_are_one_sentence(saved, tmp_path):
    bad = tmp_path / "bad.keras"
    with zipfile.ZipFile(saved[2]) as source, zipfile.ZipFile(bad, "w", zipfile.ZIP_LZMA) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    with pytest.raises(UserError, match="is packed by the method 14"):
        load_model_file(bad)
    whole = saved[2].read_bytes()
    heads = [match.start() for match in re.finditer(b"PK\1\2", whole)]
    assert len(heads) == 4
    for head in heads:  # one flipped byte claims that a member is packed by bzip2 or LZMA
        for method in (12, 14):
            bad.write_bytes(whole[: head + 10] + bytes([method]) + whole[head + 11 :])
            assert read_recipe(bad) in ({}, read_recipe(saved[2]))
            with pytest.raises(UserError, match="not a whole generator file"):
                load_model_file(bad)


@pytest.mark.parametrize(
    "change", [{"encoder": "facenet"}, {"generator": {**ARGUMENTS, "base_filters": 8}}, {"unknown": 1},
               {"generator": {**ARGUMENTS, "size_px": 65}}, {"encoder": "arcface_resnet50"}]
)  # fmt: skip
def test_a_recipe_that_does_not_fit_is_refused(saved, tmp_path, change):
    bad = tmp_path / "bad.keras"
    with zipfile.ZipFile(saved[2]) as source, zipfile.ZipFile(bad, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == RECIPE:
                content = json.dumps({**json.loads(content), **change}).encode()
            target.writestr(name, content)
    with pytest.raises(UserError):
        load_model_file(bad)


def test_a_nan_is_refused_by_name(saved, tmp_path):
    generator = build_generator(**ARGUMENTS)
    generator.get_layer("decoder_final_conv").bias.assign([0.0, float("nan"), 0.0])
    save_model_file(generator, saved[1], tmp_path / "nan.keras")
    with pytest.raises(UserError, match="decoder_final_conv"):
        load_model_file(tmp_path / "nan.keras")


def test_a_missing_file_says_what_to_name(tmp_path):
    with pytest.raises(UserError, match=r"there is no generator file .*nowhere\.keras"):
        load_model_file(tmp_path / "nowhere.keras")
