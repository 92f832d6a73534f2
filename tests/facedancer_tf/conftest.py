"""A tiny model file with random weights, and faces cut out of the bundled photographs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from data.pictures import read_picture
from facedancer_tf.swapping.swapper import Swapper
from facedancer_tf.weights.encoder_file import EncoderRecipe, save_encoder_file
from facedancer_tf.weights.model_file import ModelRecipe, save_model_file
from networks.generator import build_generator

PICTURES = Path(__file__).resolve().parents[2] / "assets" / "pictures"


def write_tiny_model(
    path: Path, seed: int = 0, encoder: str = "sface", width: int = 128, shrink: float = 1.0
) -> None:
    """A generator of 64 px and 4 filters, its output spread beyond [-1, 1]."""
    arguments: dict[str, Any] = {
        "size_px": 64,
        "identity_width": width,
        "base_filters": 4,
        "fusion": ("no_skip", "no_skip", "affa", "affa", "affa", "concat"),
        "mapping_depth": 2,
        "mapping_width": 16,
    }
    keras.utils.set_random_seed(seed)
    recipe = ModelRecipe(arguments, encoder, shrink, "nothing", "for tests only", 0)
    save_model_file(build_generator(**arguments), recipe, path)


def write_tiny_encoder(path: Path, fingerprint: str = "") -> None:
    """A file whose recipe says that it is an ArcFace encoder; its network is a substitute of one layer."""
    pictures = keras.Input((112, 112, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(pictures)
    encoder = keras.Model(pictures, keras.layers.Dense(512, name="embedding")(pooled))
    recipe = EncoderRecipe("arcface_resnet50", {}, 0.0, 1.0, "for tests only", "a test", fingerprint)
    save_encoder_file(encoder, recipe, path)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "tiny.keras"
    write_tiny_model(path)
    return path


@pytest.fixture(scope="session")
def swapper(tiny_model: Path) -> Iterator[Swapper]:
    """Swaps with `tiny_model`; its graphs are built once for all tests."""
    with Swapper(tiny_model) as swapper:
        yield swapper


@pytest.fixture(scope="session")
def grace() -> np.ndarray:
    return read_picture(PICTURES / "grace_hopper.jpg").rgb


@pytest.fixture(scope="session")
def barack() -> np.ndarray:
    return read_picture(PICTURES / "barack_obama.jpg").rgb
