import numpy as np
import pytest
import tensorflow as tf

from losses.ifsr import ifsr_loss


def at_distance(*distances):
    """Unit vectors [B, 1, 1, 2] at these cosine distances from (1, 0)."""
    cosine = 1 - np.array(distances)
    return np.stack([cosine, np.sqrt(1 - cosine**2)], axis=1).astype("float32")[:, None, None, :]


def axis(batch):
    return at_distance(*[0.0] * batch)


def loss_and_gradients(target, swapped, **settings):
    target = {k: tf.constant(v) for k, v in target.items()}
    swapped = {k: tf.constant(v) for k, v in swapped.items()}
    with tf.GradientTape() as tape:
        tape.watch([target, swapped])
        loss = ifsr_loss(target, swapped, **settings)
    target_gradients, swapped_gradients = tape.gradient(loss, (target, swapped))
    return float(loss), target_gradients, swapped_gradients


def test_literal_with_scale_and_weights():
    # Block a: mean 0.3 over 1.2 · 0.1; block b: mean 0.5 over 1.2 · 0.2, half weight.
    loss, _, _ = loss_and_gradients(
        {"a": axis(2), "b": axis(2)},
        {"a": at_distance(0.2, 0.4), "b": at_distance(0.5, 0.5)},
        margins={"a": 0.1, "b": 0.2},
        weights={"b": 0.5},
    )
    assert loss == pytest.approx((0.3 - 0.12) + 0.5 * (0.5 - 0.24), rel=1e-5)


def test_the_hinge_acts_on_the_mean_of_the_batch():
    # One sample far above the margin, the mean below it: no loss and no gradient at all.
    loss, _, gradients = loss_and_gradients(
        {"a": axis(2)}, {"a": at_distance(0.5, 0.0)}, margins={"a": 0.25}, scale=1.2
    )
    assert loss == 0.0
    np.testing.assert_array_equal(gradients["a"], np.zeros((2, 1, 1, 2)))


def test_above_the_margin_every_sample_is_pulled_towards_its_target():
    loss, _, gradients = loss_and_gradients(
        {"a": axis(2)}, {"a": at_distance(0.5, 0.25)}, margins={"a": 0.25}, scale=1.2
    )
    assert loss == pytest.approx(0.375 - 0.3, rel=1e-5)
    assert (np.asarray(gradients["a"])[..., 0] < 0).all()  # a larger cosine lowers the loss


def test_no_gradient_reaches_the_target():
    _, gradients, _ = loss_and_gradients({"a": axis(1)}, {"a": at_distance(0.9)}, margins={"a": 0.1})
    assert gradients["a"] is None


def test_blocks_without_a_margin_are_not_read_and_missing_ones_are_named():
    features = {"a": axis(1), "other": axis(1)}
    loss, _, gradients = loss_and_gradients(
        features, {"a": at_distance(0.9), "other": axis(1)}, margins={"a": 0.1}
    )
    assert loss == pytest.approx(0.9 - 0.12, rel=1e-5)
    assert gradients["other"] is None
    with pytest.raises(ValueError, match="missing"):
        ifsr_loss(features, features, {"missing": 0.1})
