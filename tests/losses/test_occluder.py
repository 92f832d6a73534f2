"""Tests the loss that keeps what covers a face."""

import numpy as np
import pytest
import tensorflow as tf

from losses.occluder import occluder_loss


def test_only_covered_pixels_count_and_each_the_same() -> None:
    target, swapped = np.zeros((2, 4, 4, 3), "float32"), np.full((2, 4, 4, 3), 0.9, "float32")
    occluder = np.zeros((2, 4, 4, 1), "float32")
    occluder[0, 0, :3], occluder[1, 0, 0] = 1.0, 1.0  # three pixels of one sample, one of the other
    swapped[0, 0, :3], swapped[1, 0, 0] = 0.2, 0.6
    assert float(occluder_loss(target, swapped, occluder)) == pytest.approx((3 * 0.2 + 0.6) / 4, rel=2e-3)


def test_no_occluder_gives_zero_and_a_finite_gradient() -> None:
    swapped = tf.ones((1, 4, 4, 3))
    with tf.GradientTape() as tape:
        tape.watch(swapped)
        loss = occluder_loss(tf.zeros((1, 4, 4, 3)), swapped, tf.zeros((1, 4, 4, 1)))
    assert float(loss) == 0.0
    assert not tape.gradient(loss, swapped).numpy().any()


def test_batch_mean_may_look_beyond_this_replica() -> None:
    random = np.random.default_rng(0)
    target, swapped, occluder = (random.random((2, 4, 4, c)).astype("float32") for c in (3, 3, 1))
    whole = float(occluder_loss(target, swapped, occluder))
    other = iter([np.mean(occluder[1] * np.abs(target[1] - swapped[1])), np.mean(occluder[1])])
    here = occluder_loss(target[:1], swapped[:1], occluder[:1], lambda values: (values[0] + next(other)) / 2)
    assert float(here) == pytest.approx(whole, rel=1e-5)
