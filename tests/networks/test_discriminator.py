import keras
import numpy as np
import pytest

from networks.discriminator import build_image_discriminator, build_patch_discriminator, patch_map_px

rng = np.random.default_rng(0)


def test_parameters_of_the_released_discriminator():
    model = build_image_discriminator()
    assert model.count_params() == 23_972_353
    assert model.output_shape == (None, 1, 1, 1)


@pytest.mark.parametrize(
    ("size_px", "blocks", "map_px"), [(256, 4, 16), (64, 4, 4), (96, 3, 12), (64, 1, 32)]
)
def test_map_size_by_formula(size_px, blocks, map_px):
    model = build_patch_discriminator(size_px, 4, blocks)
    assert model.output_shape == (None, map_px, map_px, 1)
    assert patch_map_px(size_px, blocks) == map_px


def test_patch_trunk_is_the_released_trunk_stopped_early():
    patch, image = build_patch_discriminator(64, 4), build_image_discriminator(64, 4)
    trunk = [layer for layer in patch.layers if layer.weights and layer.name not in ("head", "logits")]
    for layer in trunk:
        assert [w.shape for w in layer.weights] == [w.shape for w in image.get_layer(layer.name).weights]


@pytest.mark.parametrize("build", [build_patch_discriminator, build_image_discriminator])
def test_bfloat16_answers_in_float32(build):
    out = build(64, 4, dtype="mixed_bfloat16")(rng.uniform(-1, 1, (2, 64, 64, 3)).astype("float32"))
    assert keras.backend.standardize_dtype(out.dtype) == "float32"


def test_impossible_sizes_are_refused():
    with pytest.raises(ValueError, match="size_px"):
        build_patch_discriminator(72)
    with pytest.raises(ValueError, match="down_blocks"):
        build_patch_discriminator(64, down_blocks=7)
    with pytest.raises(ValueError, match="size_px"):
        build_image_discriminator(96)
