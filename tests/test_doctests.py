"""The examples in docstrings, run: what they print is what they say."""

import doctest
from importlib import import_module

import pytest

# One line per module whose docstrings hold examples.
MODULES = [
    "facedancer_tf.swapping.swapper",
    "networks.arcface_resnet50",
    "networks.baked_identity",
    "networks.discriminator",
    "networks.dlib_resnet",
    "networks.face_feature_nets",
    "networks.generator",
    "networks.insightface_mobilefacenet",
    "networks.iresnet",
    "networks.mobilefacenet",
    "networks.reference",
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of(name):
    result = doctest.testmod(import_module(name))
    assert result.attempted > 0
    assert result.failed == 0
