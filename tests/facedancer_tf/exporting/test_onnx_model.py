"""ONNX files state which versions they need, and read crops as their network does."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest
import tensorflow as tf

from facedancer_tf.exporting.endpoints import Endpoint
from facedancer_tf.exporting.export import export_model
from facedancer_tf.exporting.onnx_model import OPSET, load_onnx, write_onnx
from facedancer_tf.weights.model_file import ModelRecipe, save_model_file
from networks.generator import RELEASED_FUSION, build_generator
from tests.facedancer_tf.conftest import PICTURES

CROPS = np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3), np.uint8)
SOURCE = tf.TensorSpec((None, 4, 4, 3), tf.uint8, name="source")


def write_flattening(folder: Path, low: float, high: float, order: str) -> None:
    pictures = keras.Input((4, 4, 3), name="pictures")
    network = keras.Model(pictures, keras.layers.Flatten()(pictures))
    write_onnx([Endpoint("embed", (SOURCE,), dict, network, low, high, order)], {"note": "text"}, folder)


@pytest.mark.parametrize(("low", "high"), [(-1, 1), (0, 255), (0, 1)])
@pytest.mark.parametrize("order", ["RGB", "BGR"])
def test_crops_reach_the_network_in_its_range_and_order(tmp_path, low, high, order):
    write_flattening(tmp_path, low, high, order)
    read = load_onnx(tmp_path)["embed"](source=CROPS)["identity"].reshape(CROPS.shape)
    expected = low + CROPS / 255 * (high - low)
    np.testing.assert_allclose(
        read, expected if order == "RGB" else expected[..., ::-1], rtol=1e-6, atol=1e-6
    )


def test_the_file_states_opset_free_batch_and_notes(tmp_path):
    write_flattening(tmp_path, 0, 1, "RGB")
    file = onnx.load(tmp_path / "embed.onnx")
    assert [(entry.domain, entry.version) for entry in file.opset_import] == [("", OPSET)] == [("", 17)]
    for value in (*file.graph.input, *file.graph.output):
        assert value.type.tensor_type.shape.dim[0].dim_param == "batch"
    assert {entry.key: entry.value for entry in file.metadata_props} == {"note": "text"}
    assert (tmp_path / "note").read_text() == "text"


def test_two_networks_do_not_fit_into_a_file(tmp_path):
    with pytest.raises(ValueError, match="`swap` runs two"):
        write_onnx([Endpoint("swap", (SOURCE,), dict, None)], {}, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_exports_of_the_released_size(tmp_path):
    arguments: dict[str, Any] = {"size_px": 256, "identity_width": 128, "fusion": RELEASED_FUSION}
    keras.utils.set_random_seed(0)
    recipe = ModelRecipe(arguments, "sface", 1.0, "nothing", "for tests only", 0)
    save_model_file(build_generator(**arguments), recipe, tmp_path / "model.keras")
    for name in ("saved_model", "onnx"):
        for sources in ([], [PICTURES / "grace_hopper.jpg"]):
            apart = export_model(
                tmp_path / "model.keras", tmp_path / f"{name}{len(sources)}", name, sources
            ).apart
            assert apart.largest <= 1
            assert apart.mean <= 1e-3
