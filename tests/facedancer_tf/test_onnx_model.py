"""Every network of the project comes out as ONNX and computes the same in ONNX Runtime."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest
import tensorflow as tf

from facedancer_tf.endpoints import Endpoint
from facedancer_tf.export import export_model
from facedancer_tf.model_file import ModelRecipe, save_model_file
from facedancer_tf.onnx_model import OPSET, load_onnx, write_onnx
from networks.blocks import FUSIONS
from networks.encoders import ENCODERS
from networks.generator import RELEASED_FUSION, build_generator
from tests.facedancer_tf.conftest import PICTURES

rng = np.random.default_rng(0)


def largest_difference(model: keras.Model, folder: Path) -> float:
    """Of the network itself, without crops, relative to its largest output."""
    model.set_weights([w + rng.normal(0, 0.05, w.shape) if w.ndim == 1 else w for w in model.get_weights()])
    inputs = {
        tensor.name: rng.uniform(-1, 1, (3, *tensor.shape[1:])).astype("float32") for tensor in model.inputs
    }
    specs = tuple(tf.TensorSpec((None, *x.shape[1:]), tf.float32, name=name) for name, x in inputs.items())

    def run(*tensors: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"out": model(tensors if len(tensors) > 1 else tensors[0], training=False)}

    write_onnx([Endpoint("net", specs, run)], {}, folder)
    exported = load_onnx(folder)["net"](**inputs)["out"]
    expected = run(*(tf.constant(x) for x in inputs.values()))["out"].numpy()
    return float(np.abs(exported - expected).max() / np.abs(expected).max())


def test_every_fusion(tmp_path):
    assert len(FUSIONS) == 6  # one for each block
    assert largest_difference(build_generator(64, 8, 4, FUSIONS, 2, 16), tmp_path) <= 1e-5


def test_no_mapping_network(tmp_path):
    assert largest_difference(build_generator(64, 8, 4, mapping_depth=0), tmp_path) <= 1e-5


def test_no_identity_input(tmp_path):
    assert largest_difference(build_generator(64, None, 4), tmp_path) <= 1e-5


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n == "sface" else pytest.mark.slow) for n in ENCODERS]
)
def test_every_encoder(tmp_path, name):
    assert largest_difference(ENCODERS[name].build(), tmp_path) <= 1e-4


def test_the_file_states_its_opset_and_its_free_batch(tmp_path):
    model = keras.Sequential([keras.Input((4,), name="identity"), keras.layers.Dense(2)])
    largest_difference(model, tmp_path)
    file = onnx.load(tmp_path / "net.onnx")
    assert {entry.domain: entry.version for entry in file.opset_import}[""] == OPSET == 18
    for value in (*file.graph.input, *file.graph.output):
        assert value.type.tensor_type.shape.dim[0].dim_param == "batch"


def test_a_layer_without_onnx_form_is_named(tmp_path):
    inputs = keras.Input((4,), name="identity")
    model = keras.Model(inputs, keras.layers.Lambda(keras.ops.erfinv, name="odd_layer")(inputs))
    with pytest.raises(ValueError, match="odd_layer"):
        largest_difference(model, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_exports_of_the_released_size(tmp_path):
    arguments: dict[str, Any] = {"size_px": 256, "identity_width": 128, "fusion": RELEASED_FUSION}
    keras.utils.set_random_seed(0)
    recipe = ModelRecipe(arguments, "sface", 1.0, "nothing", "for tests only", 0)
    save_model_file(build_generator(**arguments), recipe, tmp_path / "model.keras")
    for name in ("saved_model", "onnx"):
        for sources in ([], [PICTURES / "grace_hopper.jpg"]):
            apart = export_model(tmp_path / "model.keras", tmp_path / f"{name}{len(sources)}", name, sources)
            assert apart.largest <= 1
            assert apart.mean <= 1e-3
