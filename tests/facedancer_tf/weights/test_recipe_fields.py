"""What a file says of its network is believed in nothing: types, sizes and texts are checked before all else."""

import json
import math
import zipfile
from pathlib import Path
from typing import Any

import keras
import pytest

from facedancer_tf.errors import UserError
from facedancer_tf.weights.discriminator_file import (
    DiscriminatorRecipe,
    load_discriminator_file,
    save_discriminator_file,
)
from facedancer_tf.weights.encoder_file import load_encoder_file
from facedancer_tf.weights.model_file import ModelRecipe, load_model_file, save_model_file
from facedancer_tf.weights.recipes import RECIPE, read_recipe
from networks.discriminator import build_image_discriminator
from networks.generator import build_generator
from tests.facedancer_tf.conftest import write_tiny_encoder

GENERATOR: dict[str, Any] = {
    "size_px": 64, "identity_width": 128, "base_filters": 4, "fusion": ["no_skip"] * 5 + ["concat"],
    "mapping_depth": 1, "mapping_width": 16,
}  # fmt: skip
DISCRIMINATOR: dict[str, Any] = {"size_px": 64, "base_filters": 4}
LARGE = 30_000_000  # numbers: no kernel of that size may be made


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A small file of each kind."""
    folder = tmp_path_factory.mktemp("files")
    paths = {kind: folder / f"{kind}.keras" for kind in ("generator", "discriminator", "encoder")}
    recipe = ModelRecipe(GENERATOR, "sface", 0.9, "nobody", "research", 7)
    save_model_file(build_generator(**GENERATOR), recipe, paths["generator"])
    save_discriminator_file(
        build_image_discriminator(**DISCRIMINATOR),
        DiscriminatorRecipe(DISCRIMINATOR, "", ""),
        paths["discriminator"],
    )
    write_tiny_encoder(paths["encoder"])
    return paths


def with_recipe(source: Path, path: Path, **changes: Any) -> Path:
    """A copy of `source` whose recipe has other fields; "part.field" stands for a field of a part."""
    with zipfile.ZipFile(source) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    recipe = json.loads(members[RECIPE])
    for name, value in changes.items():
        part, _, field = name.rpartition(".")
        (recipe[part] if part else recipe)[field] = value
    members[RECIPE] = json.dumps(recipe).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


LOADERS: dict[str, Any] = {
    "generator": load_model_file, "discriminator": load_discriminator_file, "encoder": load_encoder_file
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "field", "value", "says"),
    [
        ("generator", "generator.base_filters", 2000, "`base_filters` must be 1 to 1024"),
        ("generator", "generator.base_filters", 1024, "larger than the weights in it"),
        ("generator", "generator.base_filters", "4", "its field 'base_filters' is '4'"),
        ("generator", "generator.base_filters", 4.0, r"'base_filters' is 4\.0"),
        ("generator", "generator.base_filters", True, "'base_filters' is True"),
        ("generator", "generator.base_filters", -4, "must be 1 to 1024"),
        ("generator", "generator.mapping_width", 200_000, "`mapping_width` must be 1 to 8192"),
        ("generator", "generator.mapping_depth", 3000, "`mapping_depth` must be 0 to 64"),
        ("generator", "generator.mapping_depth", 10**400, "`mapping_depth` must be 0 to 64"),
        ("generator", "generator.size_px", 1 << 30, "`size_px` must be a multiple of 32 from 64 to 1024"),
        ("generator", "generator.fusion", "affa", "'fusion' is 'affa'"),
        ("generator", "generator.fusion", [["affa"]] * 6, "`fusion` must name six"),
        ("generator", "generator.dtype", "float64", "'dtype' is missing or not known"),
        ("generator", "generator", [], "its field 'generator' is a list"),
        ("generator", "encoder", ["sface"], "its field 'encoder' is a list"),
        ("generator", "shrink", math.nan, "its field 'shrink' is nan"),
        ("generator", "shrink", 10**400, "its field 'shrink' is 1000"),
        ("generator", "shrink", 1e-9, "shrink"),
        ("generator", "step", "seven", "its field 'step' is 'seven'"),
        ("generator", "licence", "a" * 3000, "its field 'licence' is 'aaa"),
        ("generator", "kind", {"a": 1}, "not a generator"),
        ("discriminator", "discriminator.base_filters", 2000, "`base_filters` must be 1 to 1024"),
        ("discriminator", "discriminator.base_filters", 1024, "larger than the weights in it"),
        ("discriminator", "discriminator.size_px", 64_000_000, "multiple of 64 from 64 to 1024"),
        ("discriminator", "discriminator.size_px", 1024, "."),
        ("discriminator", "discriminator.dtype", "float64", "'dtype' is missing or not known"),
        ("encoder", "arguments.depth", 200, "'depth' is missing or not known"),
        ("encoder", "arguments.head", "dense", "'head' is 'dense'"),
        ("encoder", "encoder", "iresnet200", "larger than the weights in it"),
        ("encoder", "low", None, "its field 'low' is None"),
    ],
)
def test_hostile_fields_are_refused_before_anything_is_built(
    files, tmp_path, monkeypatch, kind, field, value, says
):
    made = keras.initializers.Zeros.__call__

    def counted(self, shape, dtype=None):
        assert math.prod(shape) < LARGE
        return made(self, shape, dtype)

    monkeypatch.setattr(keras.initializers.Zeros, "__call__", counted)
    hostile = with_recipe(files[kind], tmp_path / "hostile.keras", **{field: value})
    with pytest.raises(UserError, match=says) as caught:
        LOADERS[kind](hostile)
    assert "\n" not in str(caught.value)


def test_texts_of_a_file_cannot_steer_a_terminal(files, tmp_path):
    hostile = with_recipe(
        files["generator"], tmp_path / "hostile.keras", licence="free\x1b[2J", trained_on="us\n\u202eyou"
    )
    assert read_recipe(hostile)["licence"] == r"free\x1b[2J"
    _, recipe = load_model_file(hostile)
    assert (recipe.licence, recipe.trained_on) == (r"free\x1b[2J", r"us\n\u202eyou")


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'"text"', b"[" * 100_000, b"\xff\xfe", b"{", b"9" * 5000, b"1e999", b"null"]
)
def test_a_recipe_that_is_none_is_one_sentence(files, tmp_path, content):
    path = tmp_path / "hostile.keras"
    with zipfile.ZipFile(files["generator"]) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            target.writestr(name, content if name == RECIPE else source.read(name))
    assert read_recipe(path) == {}
    with pytest.raises(UserError, match="is not a whole generator file of this project"):
        load_model_file(path)
