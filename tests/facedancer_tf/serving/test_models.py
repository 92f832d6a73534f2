"""Which models a server lists: whatever lies in the cache, the list comes."""

import json
import zipfile

import pytest

from facedancer_tf.serving.models import list_models


@pytest.mark.parametrize(
    "recipe",
    [
        {"generator": {"size_px": "many"}},
        {"generator": {"size_px": 1e999}},
        {"generator": {}},
        {"generator": {"size_px": 64}, "licence": ["research"]},
        {"generator": {"size_px": 64}, "kind": {}},
    ],
)
def test_a_file_whose_recipe_is_nonsense_is_left_out(tmp_path, monkeypatch, recipe):
    monkeypatch.setenv("FACEDANCER_CACHE", str(tmp_path))
    for name, content in (
        ("nonsense", recipe),
        ("plain", {"generator": {"size_px": 64}, "licence": "\x1b[2J"}),
    ):
        with zipfile.ZipFile(tmp_path / f"{name}.keras", "w") as archive:
            archive.writestr("recipe.json", json.dumps(content))
    (tmp_path / "empty.keras").touch()
    models = list_models()
    assert [model.name for model in models] == ["default", "plain"]
    assert models[1].licence == r"\x1b[2J"
