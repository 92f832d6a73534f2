import numpy as np
import pytest
import tensorflow as tf

from losses.cosine import cosine_distance
from losses.flagged import flagged_mean
from losses.identity import identity_contrast_loss, identity_loss
from losses.perceptual import perceptual_loss
from losses.reconstruction import cycle_loss, reconstruction_loss

rng = np.random.default_rng(0)


def flat(*values):
    return np.stack([np.full((4, 4, 3), v, "float32") for v in values])


def test_identity_literals():
    a = np.array([[1, 0], [1, 1], [1, 0], [3, 4]], "float32")
    b = np.array([[5, 0], [0, 1], [-2, 0], [6, 8]], "float32")
    np.testing.assert_allclose(identity_loss(a, b), [0, 1 - np.sqrt(0.5), 2, 0], atol=1e-6)


def test_identity_contrast_asks_only_for_what_the_source_does_not_share():
    source = np.array([[1, 0], [1, 0], [1, 0], [0, 1]], "float32")
    target = np.array([[0, 1], [0, 1], [1, 1], [0, 2]], "float32")
    swapped = np.array([[1, 1], [1, -1], [2, 2], [1, 1]], "float32")
    expected = [np.sqrt(0.5), 0, 1 - np.sqrt(0.5), 0]  # nearer, opposite, a copy, a self-swap
    np.testing.assert_allclose(identity_contrast_loss(source, target, swapped), expected, atol=1e-6)


def test_cosine_of_a_zero_feature_has_a_finite_gradient():
    zero = tf.zeros((1, 4))
    with tf.GradientTape() as tape:
        tape.watch(zero)
        distance = cosine_distance(zero, tf.ones((1, 4)))
    assert np.isfinite(tape.gradient(distance, zero)).all()


def test_reconstruction_counts_self_swaps_only_and_is_halved():
    target, swapped = flat(0.0, 0.0, 0.0), flat(0.2, 0.9, 0.6)
    loss = reconstruction_loss(target, swapped, np.array([1, 0, 1], "float32"), batch_size=3)
    assert float(loss) == pytest.approx(0.5 * (0.2 + 0.6) / 2.001, rel=1e-5)


def test_reconstruction_is_clipped_and_zero_at_identity():
    ones = np.ones(1, "float32")
    assert float(reconstruction_loss(flat(0.0), flat(100.0), ones, batch_size=1)) == 5.0
    assert float(reconstruction_loss(flat(0.3), flat(0.3), ones, batch_size=1)) == 0.0


@pytest.mark.parametrize("errors", [[1.0, 2.0], [0.0, 0.0]])
def test_no_flag_gives_zero_and_a_finite_gradient(errors):
    errors = tf.constant(errors)
    with tf.GradientTape() as tape:
        tape.watch(errors)
        mean = flagged_mean(errors, tf.zeros(2), batch_size=2)
    assert float(mean) == 0.0
    np.testing.assert_array_equal(tape.gradient(mean, errors), [0, 0])


def test_cycle_literal():
    np.testing.assert_allclose(cycle_loss(flat(0.0, 1.0), flat(0.5, 1.0)), [0.5, 0.0], rtol=1e-6)


def test_perceptual_sums_blocks_and_is_not_halved():
    target = [np.zeros((2, 2, 2, 3), "float32"), np.zeros((2, 1, 1, 5), "float32")]
    swapped = [target[0] + 1.0, target[1] - 3.0]
    loss = perceptual_loss(target, swapped, np.array([1, 0], "float32"), batch_size=2)
    assert float(loss) == pytest.approx(0.85 * (1 + 3) / 1.001, rel=1e-5)


def test_batch_mean_may_look_beyond_this_replica():
    # Of two samples on two replicas one is a self-swap: the replica without any sees the same global loss.
    errors, flags = np.array([0.4, 0.8], "float32"), np.array([1.0, 0.0], "float32")
    global_means = iter([np.mean(flags * errors), np.mean(flags)])
    there = flagged_mean(errors[1:], flags[1:], 2, lambda values: next(global_means))
    assert float(there) == pytest.approx(float(flagged_mean(errors, flags, 2)))
