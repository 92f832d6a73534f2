import keras
import numpy as np
import pytest

from networks.layers import AffaGate, InstanceNormalization

rng = np.random.default_rng(0)


def picture(*shape):
    return rng.standard_normal(shape).astype("float32")


def test_instance_norm_by_hand():
    # One channel holding 0, 0, 4, 4: mean 2, variance 4, so ±2 / sqrt(4.001).
    x = np.array([0, 0, 4, 4], "float32").reshape(1, 2, 2, 1)
    layer = InstanceNormalization()
    layer.build(x.shape)
    layer.set_weights([np.array([3.0]), np.array([0.5])])
    expected = 0.5 + 3.0 * np.array([-2, -2, 2, 2]) / np.sqrt(4.001)
    np.testing.assert_allclose(np.ravel(layer(x)), expected, rtol=1e-6)


def test_instance_norm_keeps_samples_apart():
    x = picture(2, 8, 8, 3)
    both, alone = InstanceNormalization()(x), InstanceNormalization()(x[1:])
    np.testing.assert_allclose(both[1:], alone, atol=1e-6)


def test_instance_norm_in_bfloat16_takes_its_statistics_in_float32():
    x = picture(1, 64, 64, 2) + 100.0  # in bfloat16 a mean of 100 leaves steps of 0.5
    layer = InstanceNormalization(dtype="mixed_bfloat16")
    out = layer(x)
    assert keras.backend.standardize_dtype(out.dtype) == "bfloat16"
    assert {keras.backend.standardize_dtype(w.dtype) for w in layer.weights} == {"float32"}
    np.testing.assert_allclose(np.asarray(out, "float32"), InstanceNormalization()(x), atol=0.02)


def test_adain_scales_and_shifts_without_one_plus():
    features, scale, shift = picture(2, 4, 4, 3), picture(2, 3), picture(2, 3)
    normalised = np.asarray(InstanceNormalization()(features))
    expected = normalised * scale[:, None, None] + shift[:, None, None]
    np.testing.assert_allclose(InstanceNormalization()([features, scale, shift]), expected, atol=1e-5)
    np.testing.assert_array_equal(InstanceNormalization()([features, 0 * scale, 0 * shift]), 0 * features)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_affa_gate_of_zero_or_one_returns_exactly_one_input(dtype):
    target, decoder = (
        keras.ops.cast(picture(2, 4, 4, 3), keras.DTypePolicy(dtype).compute_dtype) for _ in range(2)
    )
    gate, zeros = AffaGate(dtype=dtype), keras.ops.zeros_like(target)
    np.testing.assert_array_equal(gate([target, decoder, zeros]), target)
    np.testing.assert_array_equal(gate([target, decoder, zeros + 1]), decoder)
