"""The exported SavedModel: loads bare, gives the Swapper's pixels, and is not there where something was wrong."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from facedancer_tf import crop_networks, export
from facedancer_tf.crop_networks import CropNetworks
from facedancer_tf.errors import UserError
from facedancer_tf.export import export_saved_model, largest_difference
from facedancer_tf.identity_encoder import Encoder
from networks.encoders import ENCODERS
from tests.facedancer_tf.conftest import write_tiny_model

ROOT = Path(__file__).resolve().parents[2]

# Runs with nothing of the project on its path, nor Keras loaded.
BARE = """
import sys
import numpy as np
import tensorflow as tf

folder, crops, out = sys.argv[1:]
signatures = tf.saved_model.load(folder).signatures
crops = np.load(crops)
target, source = tf.constant(crops["target"]), tf.constant(crops["source"])
identity = signatures["embed"](source=source)["identity"]
np.savez(
    out,
    identity=identity,
    swap=signatures["swap"](target=target, source=source)["swapped"],
    one=signatures["swap"](target=target[:1], source=source[:1])["swapped"],
    given=signatures["swap_with_embedding"](target=target, identity=identity)["swapped"],
)
ours = {"facedancer_tf", "networks", "data", "losses"}
assert not ours & set(sys.modules), ours & set(sys.modules)
"""


@pytest.fixture(scope="module")
def networks(tiny_model):
    return CropNetworks(tiny_model)


@pytest.fixture(scope="module")
def exported(tiny_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "model"
    apart = export_saved_model(tiny_model, folder)
    assert apart <= 1
    return folder


def test_a_bare_process_gets_the_same_pixels(networks, exported, tmp_path):
    targets, sources = export._bundled_crops(64, 1.0, 112)
    assert len(targets) == 5
    np.savez(tmp_path / "crops.npz", target=targets, source=sources)
    (tmp_path / "bare.py").write_text(BARE)
    command = [sys.executable, "-I", "bare.py", str(exported), "crops.npz", "out.npz"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert ran.returncode == 0, ran.stderr
    identities = networks.embed_crops(sources)
    expected = networks.swap_crops(targets, identities).astype(int)
    assert expected.std() > 10  # pictures, not one flat colour
    with np.load(tmp_path / "out.npz") as out:
        assert out["swap"].dtype == np.uint8
        assert out["identity"].shape == (5, 128)
        scale = np.abs(identities).max()
        np.testing.assert_allclose(out["identity"], identities, rtol=1e-3, atol=1e-3 * scale)
        for name in ("swap", "given"):
            assert np.abs(out[name].astype(int) - expected).max() <= 1, name
        assert np.abs(out["one"].astype(int) - expected[:1]).max() <= 1


def test_recipe_and_licence_travel_along(exported):
    recipe = json.loads((exported / "assets.extra" / "recipe.json").read_text())
    assert (recipe["size_px"], recipe["source_size_px"], recipe["encoder"]) == (64, 112, "sface")
    assert np.shape(recipe["template_112"]) == (5, 2)
    licence = (exported / "assets.extra" / "LICENSE.txt").read_text()
    assert "for tests only" in licence
    assert "Apache-2.0" in licence


def test_another_models_export_is_told_apart(networks, exported, tmp_path, monkeypatch):
    monkeypatch.setattr(
        crop_networks, "load_encoder", lambda *_: Encoder(networks.encoder, ENCODERS["sface"])
    )  # the same: saves its loading
    write_tiny_model(tmp_path / "other.keras", seed=1)
    assert largest_difference(CropNetworks(tmp_path / "other.keras"), exported) > 10


def test_where_the_check_fails_nothing_is_left(networks, tiny_model, tmp_path, monkeypatch):
    monkeypatch.setattr(
        crop_networks, "load_encoder", lambda *_: Encoder(networks.encoder, ENCODERS["sface"])
    )
    monkeypatch.setattr(export, "_write", lambda networks, folder: (folder / "graph").write_text("written"))
    monkeypatch.setattr(export, "largest_difference", lambda networks, folder: 2.0)
    with pytest.raises(UserError, match="differs"):
        export_saved_model(tiny_model, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_is_left_alone(tiny_model, tmp_path):
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="exists already"):
        export_saved_model(tiny_model, tmp_path / "used")
    with pytest.raises(UserError, match="does not exist"):
        export_saved_model(tiny_model, tmp_path / "none" / "model")
    assert [p.name for p in tmp_path.rglob("*")] == ["used", "mine.txt"]


def test_the_script_reports_a_missing_model_in_one_line(tmp_path):
    command = [sys.executable, str(ROOT / "export_model.py"), "none.keras", "out"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 2
    assert ran.stderr.splitlines() == ["error: there is no file none.keras; check the name"]
    assert list(tmp_path.iterdir()) == []
