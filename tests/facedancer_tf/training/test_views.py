"""Tests random views of what the encoder sees, all drawn from seed and sample."""

import numpy as np
import pytest
import tensorflow as tf

from facedancer_tf.errors import UserError
from facedancer_tf.training.config_sections import ViewsConfig
from facedancer_tf.training.pair_faces import faces_of_pairs
from facedancer_tf.training.train_step import Objective
from facedancer_tf.training.views import _kernels, random_views
from tests.facedancer_tf.training.small_training import SMALL, batch_of, build_tiny, with_settings

ALL = ViewsConfig(scale=0.1, shift=0.05, flip=True, blur_px=2.5)


def views(
    settings: ViewsConfig, samples: list[int], pictures: np.ndarray, output_px: int = 56, seed: int = 3
):
    see = random_views(settings, seed, {"sample": tf.constant(samples, tf.int64)})
    assert see is not None
    return see(tf.constant(pictures, tf.float32), output_px).numpy()


def test_without_strength_a_view_is_the_bilinear_resize(face_crops):
    still = ViewsConfig(blur_px=1 + 1e-6)
    pictures = face_crops.astype("float32") / 127.5 - 1
    expected = tf.image.resize(pictures, (56, 56)).numpy()
    np.testing.assert_allclose(views(still, [0, 1, 2, 3, 4], pictures), expected, atol=1e-4)
    assert random_views(ViewsConfig(), 0, {}) is None


def test_flip_mirrors_about_half_of_the_samples_exactly(face_crops):
    samples = list(range(40))
    pictures = np.repeat(face_crops[:1].astype("float32"), 40, axis=0)
    seen = views(ViewsConfig(flip=True), samples, pictures)
    plain = tf.image.resize(pictures[:1], (56, 56)).numpy()[0]
    mirrored = [np.allclose(view, plain[:, ::-1], atol=1e-2) for view in seen]
    same = [np.allclose(view, plain, atol=1e-2) for view in seen]
    assert all(m != s for m, s in zip(mirrored, same, strict=True))
    assert 10 < sum(mirrored) < 30


def test_shift_scale_and_blur_by_hand():
    one = tf.constant([1.0])
    ramp = np.arange(8, dtype="float32")
    seen = _kernels(8, 8, one, tf.constant([1 / 8]), one).numpy()[0] @ ramp
    np.testing.assert_allclose(seen, [1, 2, 3, 4, 5, 6, 7, 7], atol=1e-5)
    seen = _kernels(8, 4, one / 2, tf.constant([0.0]), one).numpy()[0] @ ramp
    np.testing.assert_allclose(seen, [2, 3, 4, 5], atol=1e-5)  # the middle half
    comb = np.tile([0.0, 1.0], 8)
    blurred = _kernels(16, 16, one, tf.constant([0.0]), 2 * one).numpy()[0] @ comb
    np.testing.assert_allclose(blurred[2:-2], 0.5, atol=1e-5)


def test_views_follow_from_seed_and_sample_alone(face_crops):
    pictures = face_crops[[0, 0, 0]].astype("float32")
    seen = views(ALL, [7, 8, 7], pictures)
    np.testing.assert_array_equal(seen[0], seen[2])
    assert np.abs(seen[0] - seen[1]).mean() > 1
    np.testing.assert_array_equal(views(ALL, [8], pictures[:1])[0], seen[1])
    assert np.abs(views(ALL, [7], pictures[:1], seed=4)[0] - seen[0]).mean() > 1


def test_target_and_swapped_are_compared_in_the_same_views(face_crops):
    """A swapped picture that is its target costs nothing in the same views, and something in another's."""
    margins = dict.fromkeys(("stage3_block1_out", "stage4_block1_out"), 0.0)
    config = with_settings(SMALL, encoder={"views": ALL}, data={"cached_embeddings": True},
                           loss={"cycle": 0.0, "ifsr_margins": margins})  # fmt: skip
    built = build_tiny(config)
    batch = batch_of(face_crops, [0, 1, 2, 3], [0, 2, 3, 4])
    with pytest.raises(ValueError, match="`views` need the embeddings"):
        built.step(batch, with_r1=False, with_cycle=False)
    for role in ("source", "target"):
        batch[f"{role}_embedding"] = built.models.faces(batch[role])["embedding"]

    def ifsr(of_target, of_swapped) -> float:
        source, target = faces_of_pairs(built.models, batch, True, of_target)
        logits = tf.zeros([4, 8, 8, 1])
        terms = Objective(built.models, config).generator_terms(
            batch, source, target, batch["target"], logits, False, of_swapped
        )
        return float(terms["ifsr"])

    here, elsewhere = (random_views(ALL, seed, batch) for seed in (0, 1))
    assert ifsr(here, here) == pytest.approx(0.0, abs=1e-5)
    assert ifsr(here, elsewhere) > 0.05
    assert ifsr(here, None) > 0.05
    stepped = built.step(batch, with_r1=False, with_cycle=False)
    assert all(np.isfinite(float(v)) for v in stepped.values())


def test_they_need_cached_embeddings_and_sane_strengths():
    with pytest.raises(UserError, match=r"needs `data.cached_embeddings`"):
        with_settings(SMALL, encoder={"views": ALL})
    with pytest.raises(UserError, match=r"`blur_px` from 1 to 8"):
        with_settings(SMALL, encoder={"views": ViewsConfig(blur_px=0.5)}, data={"cached_embeddings": True})
    with pytest.raises(UserError, match=r"`encoder.identity_noise` must be from 0 to 2"):
        with_settings(SMALL, encoder={"identity_noise": -0.1})
    with pytest.raises(UserError, match=r"`encoder.identity_length` must be from 0 to 1"):
        with_settings(SMALL, encoder={"identity_length": 1.5})
