"""Our generator and instance normalisation against the stack FaceDancer was released in (see `oracle.py`).

With a legacy environment (`bash setup.sh legacy`, or FACEDANCER_LEGACY_PYTHON=/path/to/its/python) the reference is
computed live; without one the committed goldens, which that same script wrote, stand in.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest

from networks.generator import build_generator
from networks.layers import InstanceNormalization

HERE = Path(__file__).parent
LEGACY_PYTHON = Path(os.environ.get("FACEDANCER_LEGACY_PYTHON", HERE.parents[1] / ".venv-legacy/bin/python"))
TOLERANCE = 1e-4


def legacy_environment() -> dict[str, str]:
    """Environment variables for a quiet run on the CPU."""
    return {**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}


def run_oracle(folder: Path, *cases: str) -> None:
    """Lets the legacy environment write `CASE.npz` files; its own words are shown when it fails."""
    command = [str(LEGACY_PYTHON), str(HERE / "oracle.py"), str(folder), *cases]
    done = subprocess.run(
        command, env=legacy_environment(), capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def references(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the small cases: fresh ones where the legacy environment exists, else the goldens."""
    if not LEGACY_PYTHON.exists():
        return HERE / "goldens"
    folder = tmp_path_factory.mktemp("oracle")
    run_oracle(folder)
    return folder


def layers_in_released_order(generator: keras.Model) -> Iterator[keras.layers.Layer]:
    """Our layers with weights, in the order in which the released code creates its own.

    Mapping network, stem, encoder blocks (skip, norm, convolution), decoder blocks (masks of the fusion; norm,
    AdaIN's scale and shift, skip, convolution).
    """
    layers = {layer.name: layer for layer in generator.layers if layer.weights}
    mapping = [name for name in layers if name.startswith("mapping_")]
    size_px = generator.input_shape[0][1]
    encoder = [f"encoder_{size_px >> i}" for i in range(1, 6)] + ["encoder_bottleneck"]
    decoder = (
        ["decoder_bottleneck"] + [f"decoder_{size_px >> i}" for i in (4, 3, 2, 1, 0)] + ["decoder_final"]
    )
    masks = ("affa", "affa_0", "affa_1", "affa_channel", "affa_hat")
    names = [*sorted(mapping), "encoder_stem"]
    names += [f"{block}_{part}" for block in encoder for part in ("skip", "norm", "conv")]
    for block in decoder:
        names += [f"{block}_{mask}_{part}" for mask in masks for part in ("hidden", "norm", "mask_conv")]
        names += [f"{block}_{part}" for part in ("norm", "adain_scale", "adain_shift", "skip", "conv")]
    present = [name for name in names if name in layers]
    assert sorted(present) == sorted(layers), "every layer has its place in the released order"
    return (layers[name] for name in present)


def largest_difference(path: Path) -> tuple[float, int]:
    """Copies the reference's weights into our generator; max |ours − reference| and our number of parameters."""
    with np.load(path, allow_pickle=False) as reference:
        generator = build_generator(**json.loads(str(reference["arguments"])))
        theirs = [reference[name] for name in sorted(reference.files) if name.startswith("weight_")]
        ours = [weight for layer in layers_in_released_order(generator) for weight in layer.weights]
        assert [tuple(w.shape) for w in ours] == [w.shape for w in theirs]
        for weight, value in zip(ours, theirs, strict=True):
            weight.assign(value.astype("float32"))
        inputs = [reference["target"].astype("float32"), reference["identity"].astype("float32")]
        expected = reference["swapped"]
    assert expected.std() > 0.1, "a reference that hardly varies would prove nothing"
    swapped = keras.ops.convert_to_numpy(generator(inputs, training=False))
    return float(np.abs(swapped - expected).max()), generator.count_params()


@pytest.mark.parametrize("case", ["default", "affa5", "every_kind"])
def test_generator_equals_released_stack(references: Path, case: str) -> None:
    difference, _ = largest_difference(references / f"{case}.npz")
    assert difference <= TOLERANCE


def test_instance_normalization_equals_tensorflow_addons(references: Path) -> None:
    with np.load(references / "instance_norm.npz", allow_pickle=False) as reference:
        layer = InstanceNormalization()
        layer.build(reference["features"].shape)
        layer.set_weights([reference["gamma"], reference["beta"]])
        ours = keras.ops.convert_to_numpy(layer(reference["features"]))
        # The first channel, 300 ± 0.001, is hardly more than float32's steps there, which its factor makes large.
        factors = np.abs(reference["gamma"]) / np.sqrt(
            reference["features"].var((1, 2), keepdims=True) + 1e-3
        )
        steps = np.spacing(np.abs(reference["features"])) * factors
        assert (np.abs(ours - reference["normalised"]) <= TOLERANCE + 2 * steps).all()


@pytest.mark.slow
@pytest.mark.skipif(not LEGACY_PYTHON.exists(), reason="needs the legacy environment: bash setup.sh legacy")
@pytest.mark.parametrize(
    ("case", "parameters"), [("released_default", 24_505_894), ("released_affa5", 24_965_414)]
)
def test_released_size_equals_released_stack(tmp_path: Path, case: str, parameters: int) -> None:
    run_oracle(tmp_path, case)
    difference, ours = largest_difference(tmp_path / f"{case}.npz")
    print(f"{case}: max |ours - tensorflow-addons| = {difference:.2e}")
    assert ours == parameters
    assert difference <= TOLERANCE
