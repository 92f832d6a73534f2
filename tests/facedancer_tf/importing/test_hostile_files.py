"""Damaged, foreign and hostile files are refused with one sentence each, and nothing of theirs is run."""

import base64
import io
import json
import marshal
import pickle
import shutil
import zipfile

import h5py
import keras
import numpy as np
import pytest

from facedancer_tf.errors import UserError
from facedancer_tf.importing.importer import read_weights
from facedancer_tf.weights.catalogue import DEFAULT_MODEL


def refused(path, says):
    """Asserts that the file is refused with one sentence that names it and holds `says`."""
    with pytest.raises(UserError, match=says) as caught:
        read_weights(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500 + len(str(path))


@pytest.fixture
def changed(small_checkpoint, tmp_path):
    """Opens a copy of the small checkpoint for changes; yields its path and the open file."""
    path = tmp_path / "changed.h5"
    shutil.copy(small_checkpoint, path)
    with h5py.File(path, "r+") as file:
        yield path, file


def replace_array(file, name, value):
    group = file["model_weights"]
    del group[name]
    group[name] = value


def change_config(file, change):
    config = json.loads(file.attrs["model_config"])
    change(config["config"])
    file.attrs["model_config"] = json.dumps(config)


@pytest.mark.parametrize("tenth", range(10))
def test_truncated(small_checkpoint, tmp_path, tenth):
    content = small_checkpoint.read_bytes()
    path = tmp_path / "cut.h5"
    path.write_bytes(content[: len(content) * tenth // 10])
    refused(path, "cannot be imported: ")


def test_missing_empty_text_and_folder(tmp_path):
    refused(tmp_path / "none.h5", "cannot be read")
    (tmp_path / "text.h5").write_text("weights")
    refused(tmp_path / "text.h5", "cannot be imported")
    (tmp_path / "folder.h5").mkdir()
    refused(tmp_path / "folder.h5", "cannot be read")


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_a_pickle_is_not_opened(tmp_path):
    (tmp_path / "weights.h5").write_bytes(pickle.dumps(Bomb(tmp_path / "ran")))
    refused(tmp_path / "weights.h5", "it is a pickle, which is not opened")


def test_files_that_need_no_import_or_another_way_say_so(tmp_path):
    refused(DEFAULT_MODEL, "it is a network file of this project already; use it as it is")
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "mine.keras")
    refused(tmp_path / "mine.keras", r"it is a Keras file, .* docs/in-your-own-code\.md says how")
    assert not (tmp_path / "ran").exists()


def lambda_layer(path):
    """A Keras Lambda whose code writes `path` if a program trusts and loads it."""
    code = compile(f"lambda x: open({str(path)!r}, 'w') and x", "<lambda>", "eval").co_consts[0]
    function = [base64.b64encode(marshal.dumps(code)).decode(), None, None]
    return {
        "class_name": "Lambda",
        "config": {"name": "evil", "function": {"class_name": "__lambda__", "config": {"code": function[0]}}},
        "name": "evil",
        "inbound_nodes": [[["final_add", 0, 0, {}]]],
    }


def test_a_lambda_is_refused_and_not_run(changed, tmp_path):
    path, file = changed

    def add(config):
        layer = lambda_layer(tmp_path / "ran")
        layer["inbound_nodes"] = [[[config["output_layers"][0][0], 0, 0, {}]]]
        config["layers"].append(layer)
        config["output_layers"] = [["evil", 0, 0]]

    change_config(file, add)
    file.close()
    refused(path, "its layer 'evil' is a Lambda, which is code and is not run")
    assert not (tmp_path / "ran").exists()


def test_another_operation_is_refused_by_name(changed):
    path, file = changed

    def operation(config):
        layer = next(layer for layer in config["layers"] if layer["class_name"] == "Concatenate")
        layer |= {"class_name": "TFOpLambda", "config": {"name": "op", "function": "io.read_file"}}

    change_config(file, operation)
    file.close()
    refused(path, r"operation io\.read_file, which none of the networks here has")


def test_wrong_tensors_are_named(changed):
    path, file = changed
    kernels = [weight for name in file["model_weights"] for weight in [f"{name}/{name}/kernel:0"]
               if name.startswith("conv2d") and weight in file["model_weights"]]  # fmt: skip
    shapes = {kernel: file["model_weights"][kernel].shape for kernel in kernels}
    wide = next(kernel for kernel, shape in shapes.items() if shape[-1] == 8)
    whole = file["model_weights"][wide][()]
    name = wide.split("/")[0]
    for value, says in [
        (whole[..., :5], rf"kernel of '{name}' has the shape \(.*5\), but its layer has 8"),
        (whole[..., :1, :], rf"kernel of '{name}' has the shape \(.*1, 8\), not "),
        (np.full_like(whole, np.nan), f"kernel of '{name}' is not finite"),
    ]:
        replace_array(file, wide, value)
        file.flush()
        refused(path, says)


def test_missing_and_left_over_tensors_are_named(changed):
    path, file = changed
    root = file["model_weights"]
    name = next(name for name in root if name.startswith("instance_normalization"))
    weights = list(root[name].attrs["weight_names"])
    root[name].attrs["weight_names"] = weights[:1]
    file.flush()
    refused(path, f"the beta of '{name}' is missing")
    group = root.create_group("stranger")
    group["stranger/kernel:0"] = np.zeros(3, np.float32)
    group.attrs["weight_names"] = ["stranger/kernel:0"]
    root[name].attrs["weight_names"] = weights
    root.attrs["layer_names"] = [*root.attrs["layer_names"], b"stranger"]
    file.close()
    refused(path, "tensors that its own network does not use: stranger/kernel:0")


def test_other_settings_are_refused(changed):
    path, file = changed
    slope = next(
        layer for layer in json.loads(file.attrs["model_config"])["config"]["layers"]
        if layer["class_name"] == "LeakyReLU"
    )["name"]  # fmt: skip

    def steeper(config):
        next(layer for layer in config["layers"] if layer["name"] == slope)["config"]["alpha"] = 0.3

    change_config(file, steeper)
    file.close()
    refused(path, rf"'{slope}' is a leaky with slope 0\.3, not 0\.2, where our ")


@pytest.mark.parametrize("config", ["[" * 100_000, "{", "[]", '{"class_name": "Functional"}',
                                    '{"class_name": "Functional", "config": {"layers": 3}}'])  # fmt: skip
def test_nonsense_for_a_config(changed, config):
    path, file = changed
    file.attrs["model_config"] = config
    file.close()
    refused(path, "its model_config is not|not a functional model")


def test_hdf5_that_reaches_elsewhere_or_inflates(tmp_path):
    def written(write):
        path = tmp_path / "odd.h5"
        with h5py.File(path, "w") as file:
            root = file.create_group("model_weights")
            root.attrs["layer_names"] = [b"conv2d"]
            write(root)
        return path

    refused(written(link_out), "is a link")
    refused(written(link_in), "is a link")
    refused(written(circle), "several places")
    refused(written(external), "lies in another file or is compressed")
    refused(written(inflating), "lies in another file or is compressed")
    refused(written(sparse), "more than 1024 MB")
    refused(written(strings), "not an array of numbers")


def link_out(root):
    root["conv2d"] = h5py.ExternalLink("/etc/passwd", "/")


def link_in(root):
    root["conv2d"] = h5py.SoftLink("/model_weights")


def circle(root):
    root["conv2d"] = root


def external(root):
    root.create_dataset("conv2d", (8,), "f4", external=[("/etc/hostname", 0, h5py.h5f.UNLIMITED)])


def inflating(root):
    root.create_dataset("conv2d", data=np.zeros(1 << 22, np.float32), compression="gzip")


def sparse(root):
    root.create_dataset("conv2d", (1 << 29,), "f4")


def strings(root):
    root.create_dataset("conv2d", data=[b"x" * 10])


def test_archives_with_members_outside_or_without_end(small_checkpoint, tmp_path):
    from facedancer_tf.weights.model_file import load_model_file

    read_weights(small_checkpoint).save(tmp_path / "whole.keras")
    with zipfile.ZipFile(tmp_path / "whole.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}

    def loading(says, **changes):
        path = tmp_path / "odd.keras"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in {**members, **changes}.items():
                archive.writestr(name, content)
        with pytest.raises(UserError, match=says) as caught:
            load_model_file(path)
        assert "\n" not in str(caught.value)
        refused(path, "of this project already")

    loading(r"a member that such files do not have: '\.\./outside'", **{"../outside": b"x"})
    assert not (tmp_path.parent / "outside").exists()
    loading("would unpack to", **{"metadata.json": b"\0" * (1 << 25)})
    config = json.loads(members["config.json"])
    config["config"]["layers"].append({"module": "keras.layers", **lambda_layer(tmp_path / "ran")})
    with zipfile.ZipFile(tmp_path / "lambda.keras", "w") as archive:
        for name, content in {**members, "config.json": json.dumps(config).encode()}.items():
            archive.writestr(name, content)
    assert load_model_file(
        tmp_path / "lambda.keras"
    )  # the config's layers are names to us, nothing is made of them
    assert not (tmp_path / "ran").exists()
    hostile = io.BytesIO()
    with h5py.File(hostile, "w") as file:
        file["layers"] = h5py.ExternalLink("/etc/passwd", "/")
    loading("is a link", **{"model.weights.h5": hostile.getvalue()})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda config: config.update(input_layers=[["nope", 0, 0]]), "its model_config is not Keras'"),
        (lambda config: conv(config).update(filters=float("inf")), "cannot be read"),
        (lambda config: leaky(config).update(alpha=10**400), "cannot be read"),
        (lambda config: config["layers"][5].update(inbound_nodes=[[]]), "cannot be imported"),
        (
            lambda config: config["layers"][3].update(class_name="Other>Conv2D\n\x1b[31m"),
            r"none of the networks",
        ),
        (
            lambda config: config["layers"][5]["inbound_nodes"][0][0][3].update(training=True),
            "as in training",
        ),
    ],
)
def test_configs_that_are_none_or_of_another_function(changed, change, says):
    path, file = changed
    change_config(file, change)
    file.close()
    refused(path, says)


def conv(config):
    return next(layer["config"] for layer in config["layers"] if layer["class_name"] == "Conv2D")


def leaky(config):
    return next(layer["config"] for layer in config["layers"] if layer["class_name"] == "LeakyReLU")


def test_what_is_listed_twice_overflows_or_does_not_belong_into_a_layer(changed):
    path, file = changed
    root = file["model_weights"]
    names = list(root.attrs["layer_names"])
    root.attrs["layer_names"] = [*names, names[1]]
    file.flush()
    refused(path, "lists a layer twice")
    root.attrs["layer_names"] = names
    layer = next(name for name in root if name.startswith("conv2d"))
    weights = list(root[layer].attrs["weight_names"])
    bias = root[layer][weights[1].decode()]
    replace_array(file, bias.name.removeprefix("/model_weights/"), np.full(bias.shape, 1e300))
    file.flush()
    refused(path, f"the bias of '{layer}' is not finite")
    root[layer][f"{layer}/sn_u:0"] = np.zeros(3, np.float32)
    root[layer].attrs["weight_names"] = [*weights, f"{layer}/sn_u:0".encode()]
    file.close()
    refused(path, f"does not use: {layer}/sn_u:0")


def test_a_web_page_instead_of_weights(tmp_path):
    (tmp_path / "weights.h5").write_text("<!doctype html><title>Sign in</title>")
    refused(tmp_path / "weights.h5", "a web page or a Git LFS pointer")


def test_networks_that_double_inside_one_another_end(changed):
    path, file = changed
    entry = {
        "class_name": "InputLayer",
        "config": {"name": "in", "batch_input_shape": [None, 8]},
        "inbound_nodes": [],
    }

    def functional(name, layers, output):
        config = {
            "layers": [entry, *layers],
            "input_layers": [["in", 0, 0]],
            "output_layers": [[output, 1, 0]],
        }
        return {"class_name": "Functional", "name": name, "config": config}

    model = functional("m0", [], "in")
    model["config"]["output_layers"] = [["in", 0, 0]]
    for depth in range(1, 40):
        twice = {**model, "inbound_nodes": [[["in", 0, 0, {}]], [[model["name"], 1, 0, {}]]]}
        model = functional(f"m{depth}", [twice], model["name"])
        model["config"]["output_layers"] = [[twice["name"], 2, 0]]
    file.attrs["model_config"] = json.dumps(model)
    file.close()
    refused(path, "its network has no end")
