import keras
import numpy as np
import pytest
import tensorflow as tf

from losses.adversarial import discriminator_adversarial, generator_adversarial
from losses.gradient_penalty import r1_logit_sum, r1_penalty

LOG2 = np.log(2.0)


def softplus(x):
    return np.log1p(np.exp(x))


def test_literals():
    real, swapped = np.array([[2.0], [0.0]], "float32"), np.array([[-1.0], [0.0]], "float32")
    np.testing.assert_allclose(generator_adversarial(swapped), [1.3132617, LOG2], rtol=1e-6)
    np.testing.assert_allclose(
        discriminator_adversarial(real, swapped), [0.3132617 + 0.1269280, 2 * LOG2], rtol=1e-6
    )


def test_a_map_of_logits_is_averaged_per_sample():
    maps = np.array([[0.0, 1.0], [2.0, 3.0]], "float32").reshape(1, 2, 2, 1)
    maps = np.concatenate([maps, np.zeros_like(maps)])
    np.testing.assert_allclose(
        generator_adversarial(maps), [np.mean(softplus(-np.arange(4.0))), LOG2], rtol=1e-6
    )


def test_a_confident_discriminator_leaves_the_generator_its_gradient():
    logits = tf.constant([[-30.0]])  # non-saturating: slope −1, not 0
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = generator_adversarial(logits)
    np.testing.assert_allclose(tape.gradient(loss, logits), [[-1.0]], rtol=1e-6)


@pytest.mark.parametrize("map_shape", [(1,), (4, 4, 1)])
def test_r1_of_a_linear_critic_in_closed_form(map_shape):
    # D(x) = <w, x> in every place of the map, so the gradient at each picture is w and R1 is |w|².
    weights = np.random.default_rng(0).standard_normal((8, 8, 3)).astype("float32")
    pictures = tf.constant(np.random.default_rng(1).standard_normal((3, 8, 8, 3)).astype("float32"))
    with tf.GradientTape() as tape:
        tape.watch(pictures)
        logit = tf.reduce_sum(pictures * weights, axis=(1, 2, 3))
        logits = tf.reshape(logit, (3,) + (1,) * len(map_shape)) * tf.ones((3, *map_shape))
        total = r1_logit_sum(logits)
    np.testing.assert_allclose(
        r1_penalty(tape.gradient(total, pictures)), 3 * [np.sum(weights**2)], rtol=1e-5
    )


def test_r1_accepts_bfloat16_gradients_in_float32():
    out = r1_penalty(keras.ops.ones((1, 64, 64, 3), "bfloat16"))
    np.testing.assert_array_equal(out, [64 * 64 * 3])  # bfloat16 could not count that far
