"""Exported models load without this project and give the Swapper's pixels; a failed export leaves no file."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from data.pictures import read_picture, write_picture
from facedancer_tf.errors import UserError
from facedancer_tf.exporting import export
from facedancer_tf.exporting.endpoints import two_input_endpoints
from facedancer_tf.exporting.export import (
    FORMATS,
    PixelDifference,
    bundled_crops,
    compare_pixels,
    export_model,
)
from facedancer_tf.swapping.engine import Engine
from facedancer_tf.swapping.swapper import load_detector
from tests.data.black_png import wide_claim
from tests.facedancer_tf.conftest import PICTURES, write_tiny_model
from tests.scripts_here import run_here

ROOT = Path(__file__).resolve().parents[3]
SOURCES = [PICTURES / "grace_hopper.jpg", PICTURES / "eileen_collins.png"]

# Run with nothing of the project on the path; the first has no Keras loaded, the second not even TensorFlow.
BARE_SAVED_MODEL = """
import sys
import numpy as np
import tensorflow as tf

two, baked, crops, out = sys.argv[1:]
signatures = tf.saved_model.load(two).signatures
crops = np.load(crops)
target, source = tf.constant(crops["target"]), tf.constant(crops["source"])
identity = signatures["embed"](source=source)["identity"]
np.savez(
    out,
    identity=identity,
    swap=signatures["swap"](target=target, source=source)["swapped"],
    given=signatures["swap_with_embedding"](target=target, identity=identity)["swapped"],
    one=signatures["swap"](target=target[:1], source=source[:1])["swapped"],
    one_source=signatures["swap"](target=target, source=source[:1])["swapped"],
    one_identity=signatures["swap_with_embedding"](target=target, identity=identity[:1])["swapped"],
    baked=tf.saved_model.load(baked).signatures["swap"](target=target)["swapped"],
)
"""
BARE_ONNX = """
import sys
import numpy as np
from onnxruntime import InferenceSession

two, baked, crops, out = sys.argv[1:]
crops = np.load(crops)
target, source = crops["target"], crops["source"]
identity = InferenceSession(two + "/embed.onnx").run(["identity"], {"source": source})[0]
swap = InferenceSession(two + "/swap_with_embedding.onnx")
np.savez(
    out,
    identity=identity,
    given=swap.run(["swapped"], {"target": target, "identity": identity})[0],
    one=swap.run(["swapped"], {"target": target[:1], "identity": identity[:1]})[0],
    one_identity=swap.run(["swapped"], {"target": target, "identity": identity[:1]})[0],
    baked=InferenceSession(baked + "/swap.onnx").run(["swapped"], {"target": target})[0],
)
assert "tensorflow" not in sys.modules
"""
BARE = {"saved_model": BARE_SAVED_MODEL, "onnx": BARE_ONNX}
NOTHING_OF_OURS = """
ours = {"facedancer_tf", "networks", "data", "losses"}
assert not ours & set(sys.modules), ours & set(sys.modules)
"""


@pytest.fixture(scope="module")
def engine(swapper):
    return swapper.engine


@pytest.fixture(scope="module")
def crops(engine):
    targets, sources = bundled_crops(load_detector("yunet"), engine)
    assert len(targets) == len(sources) == 5
    return targets, sources


# TensorFlow's own format takes four times as long; `export_model` itself compares its pixels.
EACH = ["onnx", pytest.param("saved_model", marks=pytest.mark.slow)]


@pytest.fixture(scope="module", params=EACH)
def exported(request, tiny_model, tmp_path_factory):
    """The format, the folder of the model with two inputs, and the folder of the model with the SOURCES baked in."""
    folder = tmp_path_factory.mktemp("export")
    for name, sources in (("two", []), ("baked", SOURCES)):
        apart = export_model(tiny_model, folder / name, request.param, sources).apart
        assert apart.largest <= 1
        assert apart.mean <= 1e-3
    return request.param, folder / "two", folder / "baked"


def test_a_bare_process_gets_the_same_pixels(swapper, engine, crops, exported, tmp_path):
    format_name, two, baked = exported
    targets, sources = crops
    np.savez(tmp_path / "crops.npz", target=targets, source=sources)
    (tmp_path / "bare.py").write_text(BARE[format_name] + NOTHING_OF_OURS)
    command = [sys.executable, "-I", "bare.py", str(two), str(baked), "crops.npz", "out.npz"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert ran.returncode == 0, ran.stderr
    identities = engine.embed_crops(sources)
    of_one_person = swapper.embed([read_picture(path).rgb for path in SOURCES]).embedding
    each = engine.swap_crops(targets, identities)
    first_source = engine.swap_crops(targets, np.repeat(identities[:1], 5, axis=0))
    expected = {
        "swap": each,
        "given": each,
        "one": each[:1],
        "one_source": first_source,
        "one_identity": first_source,
        "baked": engine.swap_crops(targets, np.tile(of_one_person, (5, 1))),
    }
    assert each.std() > 10  # pictures, not one flat colour
    assert np.abs(each.astype(int) - first_source).max() > 10  # the identity is seen
    with np.load(tmp_path / "out.npz") as out:
        scale = np.abs(identities).max()
        np.testing.assert_allclose(out["identity"], identities, rtol=1e-3, atol=1e-3 * scale)
        for name in set(out) - {"identity"}:
            assert out[name].dtype == np.uint8
            assert np.abs(out[name].astype(int) - expected[name]).max() <= 1, name


def test_recipe_and_licence_travel_along(exported):
    format_name, two, baked = exported
    for folder, is_baked in ((two, False), (baked, True)):
        notes = folder / "assets.extra" if format_name == "saved_model" else folder
        recipe = json.loads((notes / "recipe.json").read_text())
        assert (recipe["size_px"], recipe["source_size_px"], recipe["encoder"]) == (64, 112, "sface")
        assert np.shape(recipe["template_112"]) == (5, 2)
        assert recipe["version"]
        assert recipe["identity_is_baked"] is is_baked
        licence = (notes / "LICENSE.txt").read_text()
        assert "for tests only" in licence
        assert "Apache-2.0" in licence
        assert ("face of one person" in licence) is is_baked
        for file in folder.glob("*.onnx"):
            inside = {entry.key: entry.value for entry in onnx.load(file).metadata_props}
            assert inside == {name: (notes / name).read_text() for name in ("recipe.json", "LICENSE.txt")}


def test_another_models_export_is_told_apart(engine, crops, exported, tmp_path):
    format_name, two, _ = exported
    write_tiny_model(tmp_path / "other.keras", seed=1)
    form, other = FORMATS[format_name], Engine(tmp_path / "other.keras")
    endpoints = two_input_endpoints(other, form.joined)
    assert compare_pixels(other, endpoints, form.load(two), *crops).largest > 10

    def longer(source):
        return {"identity": 1.1 * engine.embed_crops(source)}

    with pytest.raises(UserError, match="other embeddings"):
        compare_pixels(engine, endpoints, {**form.load(two), "embed": longer}, *crops)


@pytest.mark.parametrize("format_name", EACH)
def test_where_the_check_fails_nothing_is_left(tiny_model, tmp_path, monkeypatch, format_name):
    monkeypatch.setattr(export, "compare_pixels", lambda *_: PixelDifference(2.0, 0.1))
    with pytest.raises(UserError, match="differs"):
        export_model(tiny_model, tmp_path / "model", format_name, SOURCES)
    assert list(tmp_path.iterdir()) == []


def test_the_second_of_two_exports_at_once_says_so_and_the_first_stays(tiny_model, tmp_path, monkeypatch):
    def another_is_faster(*_) -> PixelDifference:
        (tmp_path / "model").mkdir()
        (tmp_path / "model" / "first").touch()
        return PixelDifference(0.0, 0.0)

    monkeypatch.setattr(export, "compare_pixels", another_is_faster)
    with pytest.raises(UserError, match="model cannot be written: Directory not empty"):
        export_model(tiny_model, tmp_path / "model", "onnx", SOURCES)
    assert [path.name for path in tmp_path.rglob("*")] == ["model", "first"]


def test_what_cannot_be_is_said_and_leaves_nothing(tiny_model, tmp_path):
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "mine.txt").write_text("mine")
    write_picture(tmp_path / "grey.png", np.full((200, 200, 3), 128, np.uint8))
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    (tmp_path / "wide.png").write_bytes(wide_claim())
    there = sorted(tmp_path.rglob("*"))
    with pytest.raises(UserError, match="exists already"):
        export_model(tiny_model, tmp_path / "used")
    with pytest.raises(UserError, match="does not exist"):
        export_model(tiny_model, tmp_path / "none" / "model")
    with pytest.raises(UserError, match="no face"):
        export_model(tiny_model, tmp_path / "model", sources=[SOURCES[0], tmp_path / "grey.png"])
    with pytest.raises(UserError, match=r"broken\.jpg"):
        export_model(tiny_model, tmp_path / "model", sources=[tmp_path / "broken.jpg"])
    with pytest.raises(UserError, match=r"wide\.png: truncated"):
        export_model(tiny_model, tmp_path / "model", sources=[tmp_path / "wide.png"])
    with pytest.raises(ValueError, match=r"\['onnx', 'saved_model'\]"):
        export_model(tiny_model, tmp_path / "model", "tflite")
    assert sorted(tmp_path.rglob("*")) == there


def test_the_script_exports_and_says_how_far_the_pixels_differ(tiny_model, tmp_path):
    command = [sys.executable, str(ROOT / "export_model.py"), str(tiny_model), "out", "--format", "onnx"]
    command += ["--source", *map(str, SOURCES)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr
    assert "note: the source's pictures seem to show different people" in ran.stdout
    assert "checked on the bundled photographs: pixels differ by at most " in ran.stdout
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "LICENSE.txt",
        "recipe.json",
        "swap.onnx",
    ]


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (["none.keras", "out"], "there are no generator weights none.keras"),
        ([__file__, "out", "--source", "me.jpg"], "there is no file me.jpg; check the name"),
        ([__file__, "out"], "is not a whole generator file of this project"),
    ],
)
def test_the_script_reports_bad_input_in_one_line(tmp_path, arguments, rule):
    ran = run_here("export_model.py", *arguments, folder=tmp_path)
    assert ran.returncode == 2
    assert len(ran.stderr.splitlines()) == 1
    assert ran.stderr.startswith("error: ")
    assert rule in ran.stderr
    assert list(tmp_path.iterdir()) == []
