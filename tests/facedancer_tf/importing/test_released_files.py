"""Released-style checkpoints give the outputs recorded in the released stack, whatever the names in the file."""

import json
import random

import h5py
import keras
import numpy as np
import pytest

from facedancer_tf.errors import UserError
from facedancer_tf.importing.importer import Imported, Statements, read_weights
from tests.facedancer_tf.importing.conftest import LAYOUTS
from tests.legacy import layouts

TOLERANCE = 1e-4
DEFAULT = ("no_skip", "no_skip", "affa", "affa", "affa", "concat")
PLANS = {
    "default": DEFAULT,
    "d_affa": ("d_affa",) * 5 + ("concat",),
    "do_affa": ("do_affa",) * 5 + ("concat",),
    "concat": ("concat",) * 6,
    "add": ("add",) * 6,
    "depth_0": DEFAULT,
}


def recorded(case: str) -> np.ndarray:
    with np.load(LAYOUTS / f"{case}.npz", allow_pickle=False) as golden:
        return golden["y"]


def output(network: keras.Model) -> np.ndarray:
    inputs = layouts.inputs([tuple(tensor.shape[1:]) for tensor in network.inputs])
    return np.asarray(network(inputs if len(inputs) > 1 else inputs[0], training=False))


def assert_recorded(imported: Imported, case: str) -> None:
    expected, ours = recorded(case), output(imported.network)
    if case.startswith("recorded_"):
        ours = ours[:, ::4, ::4]  # of which every fourth pixel is kept here
    assert np.abs(expected).max() > 0.1, "a reference of nothing would prove nothing"
    assert np.abs(ours - expected).max() <= TOLERANCE


def arguments(imported: Imported, path) -> dict:
    from facedancer_tf.weights.model_file import load_model_file

    imported.save(path)
    return load_model_file(path)[1].generator


@pytest.mark.parametrize("case", PLANS)
def test_every_plan(write_checkpoint, tmp_path, case):
    imported = read_weights(write_checkpoint(case))
    assert imported.kind == "generator"
    assert_recorded(imported, case)
    found = arguments(imported, tmp_path / "g.keras")
    assert found["fusion"] == PLANS[case]
    assert (found["size_px"], found["base_filters"], found["identity_width"]) == (64, 4, 512)
    assert found["mapping_depth"] == (0 if case == "depth_0" else 2)
    if case != "depth_0":
        assert found["mapping_width"] == 16


@pytest.mark.parametrize(("case", "width"), [("recorded_default", 512), ("recorded_affa5", 256)])
def test_released_size(write_checkpoint, case, width):
    imported = read_weights(write_checkpoint(case))
    assert f"mapping 4 x {width}" in imported.summary
    assert_recorded(imported, case)


@pytest.mark.parametrize("case", PLANS)
def test_weights_alone_with_the_plan_stated(write_checkpoint, case):
    stated = Statements(fusion=PLANS[case], mapping_depth=0 if case == "depth_0" else 2, size_px=64)
    assert_recorded(read_weights(write_checkpoint(case, weights_only=True), stated), case)


def test_weights_alone_want_the_plan_and_notice_a_wrong_one(write_checkpoint):
    path = write_checkpoint("default", weights_only=True)
    with pytest.raises(UserError, match="without the network's plan; state it: `fusion`"):
        read_weights(path)
    for fusion, depth in [
        (("no_skip",) * 6, 2),
        (DEFAULT, 4),
        (("affa", "no_skip", "no_skip", "affa", "affa", "concat"), 2),  # the same tensors, elsewhere
        (("no_skip", "affa", "no_skip", "affa", "affa", "concat"), 2),
        (("add", *DEFAULT[1:]), 2),  # the same tensors everywhere
    ]:
        with pytest.raises(UserError, match=r"the stated plan"):
            read_weights(path, Statements(fusion=fusion, mapping_depth=depth, size_px=64))


@pytest.mark.parametrize("weights_only", [False, True])
def test_discriminator(write_checkpoint, tmp_path, weights_only):
    from facedancer_tf.weights.discriminator_file import load_discriminator_file

    imported = read_weights(write_checkpoint("discriminator", weights_only), Statements(size_px=64))
    assert imported.kind == "discriminator"
    assert_recorded(imported, "discriminator")
    imported.save(tmp_path / "d.keras")
    loaded, recipe = load_discriminator_file(tmp_path / "d.keras")
    assert recipe.discriminator == {"size_px": 64, "base_filters": 4}
    np.testing.assert_array_equal(output(loaded), output(imported.network))


@pytest.mark.parametrize(
    ("case", "head"),
    [
        pytest.param(
            "arcface_usual", ("batch_norm", "flatten", "dense", "batch_norm"), marks=pytest.mark.slow
        ),
        ("arcface_pooled", ("global_avg_pool", "dense", "batch_norm")),
    ],
)
def test_arcface_wrapper_with_its_head_read_from_the_file(write_checkpoint, tmp_path, case, head):
    from facedancer_tf.weights.encoder_file import load_encoder_file

    imported = read_weights(write_checkpoint(case))
    assert imported.kind == "encoder"
    assert_recorded(imported, case)
    imported.save(tmp_path / "arcface.keras")
    loaded, recipe = load_encoder_file(tmp_path / "arcface.keras")
    assert (recipe.encoder, tuple(recipe.arguments["head"])) == ("arcface_resnet50", head)
    assert "SHA-256" in recipe.origin
    np.testing.assert_array_equal(output(loaded), output(imported.network))
    assert loaded.trainable_weights == []


def rewritten(path, out, names, change_config=lambda config: None):
    """Copies the checkpoint at `path` to `out`, with layers renamed by `names` and the config changed."""

    def renamed(value):
        if isinstance(value, dict):
            return {key: renamed(item) for key, item in value.items()}
        if isinstance(value, list):
            return [renamed(item) for item in value]
        return names.get(value, value) if isinstance(value, str) else value

    with h5py.File(path) as source, h5py.File(out, "w") as target:
        config = renamed(json.loads(source.attrs["model_config"]))
        change_config(config)
        target.attrs["model_config"] = json.dumps(config).encode()
        root = target.create_group("model_weights")
        order = list(source["model_weights"].attrs["layer_names"])
        # Cut in two, as Keras does with a list that is too long for one attribute.
        root.attrs["layer_names0"] = [names[name.decode()] for name in order[:10]]
        root.attrs["layer_names1"] = [names[name.decode()] for name in order[10:]]
        for name in order:
            group = root.create_group(names[name.decode()])
            weights = [weight.decode() for weight in source["model_weights"][name].attrs["weight_names"]]
            new = [f"{group.name[1:]}/{weight}".replace("model_weights/", "") for weight in weights]
            group.attrs["weight_names"] = new
            for old, full in zip(weights, new, strict=True):
                group[full] = source["model_weights"][name][old][()]
        target.create_group("optimizer_weights")["slot"] = np.zeros(3)
    return out


@pytest.mark.parametrize("case", ["default", "do_affa"])
def test_names_order_of_layers_and_order_of_sums_do_not_matter(write_checkpoint, tmp_path, case):
    path = write_checkpoint(case)
    with h5py.File(path) as file:
        old = [name.decode() for name in file["model_weights"].attrs["layer_names"]]
    shuffled = list(range(len(old)))
    random.Random(3).shuffle(shuffled)
    names = {name: f"layer_{number}" for name, number in zip(old, shuffled, strict=True)}

    def turn(config):
        config["class_name"] = "Model"  # of TensorFlow before 2.3
        layers = config["config"]["layers"]
        random.Random(4).shuffle(layers)
        for layer in layers:
            if layer["class_name"] == "Add":
                layer["inbound_nodes"][0].reverse()

    assert_recorded(read_weights(rewritten(path, tmp_path / "renamed.h5", names, turn)), case)


def test_a_plan_that_differs_between_blocks_is_found(tmp_path):
    """A model of ours, saved in Keras 3's own .h5 format, is read as well."""
    from networks.generator import build_generator

    fusion = ("do_affa", "d_affa", "concat", "add", "no_skip", "affa")
    keras.utils.set_random_seed(0)
    generator = build_generator(size_px=64, base_filters=4, mapping_width=16, fusion=fusion)
    generator.save(tmp_path / "keras3.h5")
    imported = read_weights(tmp_path / "keras3.h5")
    assert arguments(imported, tmp_path / "g.keras")["fusion"] == fusion
    np.testing.assert_array_equal(output(imported.network), output(generator))


def test_a_network_inside_another_and_a_size_left_open(write_checkpoint, tmp_path):
    imported = read_weights(write_checkpoint("default"))
    inputs = [keras.Input(tensor.shape[1:]) for tensor in imported.network.inputs]
    keras.Model(inputs, imported.network(inputs)).save(
        tmp_path / "nested.h5"
    )  # Keras 3 counts its calls from 0
    assert_recorded(read_weights(tmp_path / "nested.h5"), "default")
    path = rewritten(write_checkpoint("default"), tmp_path / "open.h5", Names(), leave_open)
    assert_recorded(read_weights(path, Statements(size_px=64)), "default")


class Names(dict):
    """Every layer under its own name."""

    def __missing__(self, name):
        return name


def leave_open(config):
    layer = next(layer for layer in config["config"]["layers"] if layer["class_name"] == "InputLayer")
    layer["config"]["batch_input_shape"][1:3] = [None, None]


def test_what_the_user_states_is_written_into_the_file(small_checkpoint, tmp_path):
    from facedancer_tf.weights.model_file import load_model_file

    stated = Statements(licence="mine", shrink=0.8, encoder_fingerprint="abc")
    read_weights(small_checkpoint, stated).save(tmp_path / "g.keras")
    _, recipe = load_model_file(tmp_path / "g.keras")
    assert (recipe.licence, recipe.shrink, recipe.encoder, recipe.encoder_fingerprint) == (
        "mine", 0.8, "arcface_resnet50", "abc"
    )  # fmt: skip
    assert small_checkpoint.name in recipe.trained_on
    with pytest.raises(UserError, match="identities of 512, but the encoder sface gives 128"):
        read_weights(small_checkpoint, Statements(encoder="sface"))
