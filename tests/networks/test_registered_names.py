"""Model files name their layers; a file of yesterday loads only while these names stay."""

import ast
from pathlib import Path

import keras

from networks import layers

ROOT = Path(__file__).resolve().parents[2]
NAMES = {
    "AffaGate",
    "InstanceNormalization",
    "MaskConv2D",
    "PReLU",
    "PictureConv2D",
    "PooledConv2D",
    "UpsampledSum",
}


def test_custom_layers_keep_their_registered_names():
    for name in NAMES:
        assert keras.saving.get_registered_name(getattr(layers, name)) == f"facedancer_tf>{name}"


def test_no_layer_is_registered_elsewhere():
    registered = {
        node.name
        for path in (ROOT / "networks").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        and any("register_keras_serializable" in ast.unparse(mark) for mark in node.decorator_list)
    }
    assert registered == NAMES
