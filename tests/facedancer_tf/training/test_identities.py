"""Tests perturbed identities, and that the step does what the settings of its encoder say."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from facedancer_tf.training.identities import perturb_identities
from tests.facedancer_tf.training.small_training import SMALL, batch_of, build_tiny, with_settings


def test_identities_are_perturbed_by_sample_but_for_self_swaps():
    embeddings = 9 * tf.math.l2_normalize(tf.random.stateless_normal([64, 128], (1, 2)), axis=1)
    batch = {"sample": tf.range(64, dtype=tf.int64), "self_swap": tf.cast(tf.range(64) < 16, tf.float32)}
    perturbed = perturb_identities(embeddings, 1.0, 0.0, 3, batch).numpy()
    np.testing.assert_allclose(np.linalg.norm(perturbed, axis=1), 9, rtol=1e-5)
    along = (perturbed * embeddings.numpy()).sum(axis=1) / 81
    np.testing.assert_allclose(along[:16], 1, atol=1e-5)
    assert 0.6 < along[16:].min() < 0.8  # at most as long as the embedding: 45 degrees
    assert 0.95 < along[16:].max() < 1
    later = {name: value[20:30] for name, value in batch.items()}
    np.testing.assert_allclose(
        perturb_identities(embeddings[20:30], 1.0, 0.0, 3, later), perturbed[20:30], atol=1e-5
    )
    assert np.abs(perturb_identities(embeddings, 1.0, 0.0, 4, batch).numpy() - perturbed)[16:].max() > 0.1


def test_directions_of_the_noise_favour_no_corner():
    embeddings = tf.tile(tf.constant([[1.0, 0, 0, 0]]), [3_000, 1])
    batch = {"sample": tf.range(3_000, dtype=tf.int64), "self_swap": tf.zeros(3_000)}
    noisy = perturb_identities(embeddings, 2.0, 0.0, 3, batch).numpy()
    assert np.isfinite(noisy).all()
    # What was added across the first axis: a direction on a sphere has kurtosis 3 · W / (W + 2) a coordinate.
    across = noisy[:, 1:] / np.linalg.norm(noisy[:, 1:], axis=1, keepdims=True)
    kurtosis = (across**4).mean() / (across**2).mean() ** 2
    assert abs(kurtosis - 3 * 3 / 5) < 0.08  # from a cube: 1.62


def test_lengths_of_identities_vary_between_the_factors_and_keep_their_directions():
    embeddings = np.random.default_rng(6).standard_normal((200, 12)).astype("float32")
    batch = {"sample": tf.range(200, dtype=tf.int64), "self_swap": tf.constant([0.0, 1.0] * 100)}
    scaled = perturb_identities(embeddings, 0.0, 0.25, 3, batch).numpy()
    factors = np.linalg.norm(scaled, axis=1) / np.linalg.norm(embeddings, axis=1)
    assert 0.8 <= factors.min() < 0.83
    assert 1.2 < factors.max() <= 1.25
    assert factors[1::2].std() > 0.05  # the self-swaps'
    np.testing.assert_allclose(scaled, factors[:, None] * embeddings, atol=1e-5)


ALONE = {"adversarial": 0.0, "identity": 0.0, "ifsr": 0.0, "reconstruction": 0.0, "cycle": 0.0}


def first_scalars(batch: dict, loss: dict[str, float], encoder: dict[str, Any]) -> dict[str, float]:
    """The scalars of a first step with these settings; equal settings give equal ones."""
    config = with_settings(SMALL, loss={**ALONE, **loss}, encoder=encoder)
    stepped = build_tiny(config).step(batch, with_r1=False, with_cycle=False)
    return {name: float(value) for name, value in stepped.items()}


@pytest.mark.parametrize("setting", [{"identity_noise": 1.0}, {"identity_length": 0.5}, {"pasted": True}])
def test_what_the_encoder_asks_for_reaches_the_step(face_crops, setting):
    batch = batch_of(face_crops, [0, 1, 2, 3], [1, 2, 3, 4])
    settings: list[dict] = [{}, {}, setting]
    plain, again, changed = (first_scalars(batch, {"identity": 1.0}, encoder) for encoder in settings)
    assert plain == again
    assert abs(changed["identity"] - plain["identity"]) > 1e-5
    assert np.isfinite(list(changed.values())).all()


def test_the_contrast_is_weighed_where_it_stands_alone(face_crops):
    batch = batch_of(face_crops, [0, 1, 2, 3], [0, 2, 3, 4])
    source = tf.random.stateless_normal([4, 128], (1, 2))
    # No swapped face can be less like such a target than its source is: the contrast is above 0.
    batch |= {"source_embedding": source, "target_embedding": -source}
    scalars = first_scalars(batch, {"identity_contrast": 5.0}, {})
    assert scalars["identity_contrast"] > 0
    assert scalars["generator_total"] == pytest.approx(5 * scalars["identity_contrast"], rel=1e-5)
