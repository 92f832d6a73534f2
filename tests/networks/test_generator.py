import keras
import numpy as np
import pytest

from networks.blocks import FUSIONS
from networks.generator import RELEASED_FUSION, build_generator, tap_masks

AFFA_EVERYWHERE = ("affa",) * 5 + ("concat",)
rng = np.random.default_rng(0)


def inputs(batch=2, size_px=64, width=8):
    target = rng.uniform(-1, 1, (batch, size_px, size_px, 3)).astype("float32")
    return [target, rng.standard_normal((batch, width)).astype("float32")]


def small(fusion=RELEASED_FUSION, size_px=64, depth=1, dtype="float32"):
    keras.utils.set_random_seed(0)
    return build_generator(size_px, 8, 4, fusion, mapping_depth=depth, mapping_width=16, dtype=dtype)


@pytest.mark.parametrize(
    ("arguments", "parameters"),
    [
        ({}, 24_505_894),  # the released training default
        ({"fusion": AFFA_EVERYWHERE, "mapping_width": 256}, 24_965_414),
    ],
)
def test_parameters_of_released_plans(arguments, parameters):
    assert build_generator(**arguments).count_params() == parameters


# Each block has another fusion than in the other plan; together they are two networks to build instead of six.
PLANS = [FUSIONS, FUSIONS[::-1]]


@pytest.mark.parametrize("plan", PLANS)
def test_every_fusion_runs(plan):
    target, identity = inputs()
    out = small(plan)([target, identity])
    assert out.shape == target.shape
    assert np.isfinite(out).all()


@pytest.mark.parametrize("size_px", [64, 96, 160])
def test_sizes(size_px):
    assert small(size_px=size_px)(inputs(1, size_px)).shape == (1, size_px, size_px, 3)
    names = {layer.name for layer in small(size_px=size_px).layers}
    assert {f"decoder_{size_px >> 2}_affa", f"encoder_{size_px >> 5}", "decoder_final"} <= names


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_mapping_depth(depth):
    model = small(depth=depth)
    assert sum(layer.name.startswith("mapping") for layer in model.layers if layer.weights) == depth
    target, identity = inputs()
    assert not np.allclose(model([target, identity]), model([target, identity + 1]))  # the identity is used


def test_no_skip_everywhere_still_sees_the_target_through_the_bottleneck():
    model, (target, identity) = small(("no_skip",) * 6), inputs()
    assert not np.allclose(model([target, identity]), model([-target, identity]))


@pytest.mark.parametrize(
    ("fusion", "names"),
    [
        (RELEASED_FUSION, ["decoder_16_affa_mask", "decoder_32_affa_mask", "decoder_64_affa_mask"]),
        (("d_affa",) + ("no_skip",) * 5, ["decoder_4_affa_0_mask", "decoder_4_affa_1_mask"]),
        (
            ("do_affa",) + ("no_skip",) * 5,
            ["decoder_4_affa_channel_mask", "decoder_4_affa_hat_mask", "decoder_4_affa_mask"],
        ),
    ],
)
def test_masks_can_be_tapped(fusion, names):
    out = tap_masks(small(fusion))(inputs())
    assert sorted(out) == sorted([*names, "swapped"])
    for name in names:
        assert 0 <= np.min(out[name]) <= np.max(out[name]) <= 1


def test_tapping_masks_leaves_the_picture_as_it_is():
    model, data = small(), inputs()
    np.testing.assert_array_equal(tap_masks(model)(data)["swapped"], model(data))


@pytest.mark.parametrize("plan", PLANS)
def test_save_and_load_gives_equal_output(tmp_path, plan):
    model, data = small(plan), inputs()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(data), loaded(data))


def test_bfloat16_computes_in_bfloat16_and_answers_in_float32():
    model, data = small(dtype="mixed_bfloat16"), inputs()
    assert keras.backend.standardize_dtype(model.get_layer("decoder_64_conv").compute_dtype) == "bfloat16"
    assert keras.backend.standardize_dtype(model(data).dtype) == "float32"
    assert {keras.backend.standardize_dtype(w.dtype) for w in model.weights} == {"float32"}
    plain = small()
    plain.set_weights(model.get_weights())
    difference = np.abs(model(data) - plain(data)).mean() / np.abs(plain(data)).mean()
    assert 0 < difference < 0.05


@pytest.mark.parametrize(
    "arguments",
    [
        {"size_px": 250},
        {"size_px": 32},
        {"size_px": 1056},
        {"fusion": ("affa",) * 5},
        {"fusion": ("afa",) * 6},
        {"mapping_depth": -1},
        {"base_filters": 0},
    ],
)
def test_impossible_settings_are_refused_by_name(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        build_generator(**arguments)
