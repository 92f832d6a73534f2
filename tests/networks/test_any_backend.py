"""Networks and losses run on any Keras backend: JAX gives TensorFlow's values and gradients."""

import inspect
import os
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import losses
from tests.networks.backend_values import all_values

pytestmark = pytest.mark.slow  # test_architecture.py sees that networks and losses use Keras alone
ROOT = Path(__file__).parents[2]
# float32, summed in another order. Biases in front of a normalisation have gradients of 0, of which rounding is left:
# hence also a share of the case's largest.
TOLERANCE, OF_LARGEST = 1e-4, 1e-6
# The test compiles each function once to call it once: LLVM's optimisation would cost more than it saves.
JAX = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_backend_optimization_level=0"}


@pytest.fixture(scope="module")
def values(tmp_path_factory):
    """The arrays of TensorFlow and of JAX, by case and number."""
    path = tmp_path_factory.mktemp("jax") / "values.npz"
    command = [sys.executable, "-m", "tests.networks.backend_values", str(path)]
    child = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **JAX}, stderr=subprocess.PIPE, text=True)
    try:
        tensorflow = all_values()
        _, errors = child.communicate(timeout=500)
    finally:
        child.kill()
    assert child.returncode == 0, errors
    return tensorflow, dict(np.load(path))


def test_jax_gives_the_values_and_gradients_of_tensorflow(values):
    tensorflow, jax = values
    assert tensorflow.keys() == jax.keys()
    for key, expected in tensorflow.items():
        case = key.split("/")[0]
        largest = max(np.linalg.norm(v) for k, v in tensorflow.items() if k.split("/")[0] == case)
        apart = np.linalg.norm(jax[key] - expected)
        assert apart <= TOLERANCE * np.linalg.norm(expected) + OF_LARGEST * largest, (key, apart)


def test_every_loss_is_compared_and_has_a_gradient(values):
    tensorflow, _ = values
    modules = [import_module(f"losses.{module.name}") for module in pkgutil.iter_modules(losses.__path__)]
    for module in modules:
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not name.startswith("_"):
                assert any(
                    np.any(tensorflow[f"{name}/{i}"]) for i in (1, 2) if f"{name}/{i}" in tensorflow
                ), name
