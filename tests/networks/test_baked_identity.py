"""One identity folded into the norms gives the two-input generator's pictures, with nothing of the identity left."""

from typing import Any

import keras
import numpy as np
import pytest

from networks.baked_identity import bake_identity
from networks.blocks import FUSIONS
from networks.generator import RELEASED_FUSION, build_generator

rng = np.random.default_rng(0)


def spread(generator: keras.Model) -> keras.Model:
    """The generator with every weight moved, so that no gamma is one and no bias is zero."""
    generator.set_weights([w + rng.normal(0, 0.05, w.shape) for w in generator.get_weights()])
    return generator


def largest_difference(arguments: dict[str, Any], batch: int = 2) -> float:
    generator = spread(build_generator(**arguments))
    size_px, width = arguments["size_px"], arguments["identity_width"]
    target = rng.uniform(-1, 1, (batch, size_px, size_px, 3)).astype("float32")
    identity = rng.standard_normal(width).astype("float32")
    expected = np.asarray(generator([target, np.tile(identity, (batch, 1))]))
    assert expected.std() > 0.1
    baked = bake_identity(generator, identity, **arguments)
    other = bake_identity(generator, identity + 1, **arguments)
    assert np.abs(np.asarray(other(target)) - expected).max() > 0.01  # the identity is in it
    return float(np.abs(np.asarray(baked(target)) - expected).max())


def small(mapping_depth: int = 2) -> dict[str, Any]:
    """`build_generator`'s arguments; each of the six blocks has another fusion."""
    return {"size_px": 64, "identity_width": 8, "base_filters": 4, "fusion": FUSIONS,
            "mapping_depth": mapping_depth, "mapping_width": 16}  # fmt: skip


@pytest.mark.parametrize("mapping_depth", [0, 2])
def test_same_pictures(mapping_depth):
    assert largest_difference(small(mapping_depth)) <= 1e-4


@pytest.mark.slow
def test_same_pictures_at_the_released_size():
    released = {"size_px": 256, "identity_width": 512, "fusion": RELEASED_FUSION}
    assert largest_difference(released, batch=1) <= 1e-4


def test_nothing_of_the_identity_path_is_left():
    arguments = small()
    generator = build_generator(**arguments)
    baked = bake_identity(generator, rng.standard_normal(8), **arguments)
    assert [tensor.name for tensor in baked.inputs] == ["target"]
    kinds = {type(layer).__name__ for layer in baked.layers}
    assert not kinds & {"Dense", "AdaIN"}
    gone = {layer.name for layer in generator.layers} - {layer.name for layer in baked.layers}
    assert all(name.startswith("mapping_") or "_adain" in name or name == "identity" for name in gone)


def test_one_identity_serves_a_batch_of_targets():
    generator = spread(build_generator(**small()))
    target = rng.uniform(-1, 1, (3, 64, 64, 3)).astype("float32")
    identity = rng.standard_normal((1, 8)).astype("float32")
    each = generator([target, np.repeat(identity, 3, axis=0)])
    np.testing.assert_allclose(generator([target, identity]), each, atol=1e-5)


def test_only_one_embedding_can_be_baked():
    with pytest.raises(ValueError, match=r"one embedding \[8\]"):
        bake_identity(build_generator(**small()), np.zeros((2, 8)), **small())
