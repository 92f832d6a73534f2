"""What the encoder sees in training, and the identities that are asked for; all drawn from seed and sample."""

import numpy as np
import pytest
import tensorflow as tf

from facedancer_tf.errors import UserError
from facedancer_tf.swapping.paste import paste_into
from facedancer_tf.training.config_sections import ViewsConfig
from facedancer_tf.training.encoder_views import _kernels, paste_back, random_views, stray_identities
from facedancer_tf.training.train_step import Objective, faces_of_pairs
from tests.facedancer_tf.training.small_training import SMALL, batch_of, build, with_settings

ALL = ViewsConfig(scale=0.1, shift=0.05, flip=True, blur_px=2.5)


def views(
    settings: ViewsConfig, samples: list[int], pictures: np.ndarray, output_px: int = 56, seed: int = 3
):
    resample = random_views(settings, seed, {"sample": tf.constant(samples, tf.int64)}, output_px)
    assert resample is not None
    return resample(tf.constant(pictures, tf.float32)).numpy()


def test_without_strength_a_view_is_the_bilinear_resize(face_crops):
    still = ViewsConfig(blur_px=1 + 1e-6)
    pictures = face_crops.astype("float32") / 127.5 - 1
    expected = tf.image.resize(pictures, (56, 56)).numpy()
    np.testing.assert_allclose(views(still, [0, 1, 2, 3, 4], pictures), expected, atol=1e-4)
    assert random_views(ViewsConfig(), 0, {}, 56) is None


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
    built = build(config)
    batch = {**batch_of(face_crops, [0, 1, 2, 3], [0, 2, 3, 4]), "sample": tf.range(4, dtype=tf.int64)}
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

    here, elsewhere = (random_views(ALL, seed, batch, 112) for seed in (0, 1))
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


@pytest.mark.parametrize("shrink", [1.0, 0.8])
def test_the_encoder_sees_what_a_paste_into_the_crop_itself_gives(face_crops, shrink):
    swapped, target = (face_crops[i : i + 1].astype("float32") for i in (0, 1))
    expected = face_crops[1].copy()
    paste_into(expected, face_crops[0], np.eye(2, 3), shrink)
    seen = paste_back(tf.constant(swapped), tf.constant(target), shrink).numpy()[0]
    np.testing.assert_allclose(seen, expected, atol=0.51)
    assert (seen == target[0]).all(axis=-1).mean() > 0.3


def test_the_rim_that_no_paste_takes_gets_no_gradient_from_the_encoder(face_crops):
    target = tf.constant(face_crops[:1], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(target)
        seen = paste_back(target, tf.stop_gradient(target), 1.0)
    gradient = tape.gradient(seen, target).numpy()[0, ..., 0]
    middle = len(gradient) // 2
    assert gradient[middle, middle] == 1.0
    assert not gradient[0].any()
    assert not gradient[:, 0].any()


def test_identities_stray_by_sample_but_for_self_swaps():
    embeddings = 9 * tf.math.l2_normalize(tf.random.stateless_normal([64, 128], (1, 2)), axis=1)
    batch = {"sample": tf.range(64, dtype=tf.int64), "self_swap": tf.cast(tf.range(64) < 16, tf.float32)}
    strayed = stray_identities(embeddings, 1.0, 0.0, 3, batch).numpy()
    np.testing.assert_allclose(np.linalg.norm(strayed, axis=1), 9, rtol=1e-5)
    kept = (strayed * embeddings.numpy()).sum(axis=1) / 81
    np.testing.assert_allclose(kept[:16], 1, atol=1e-5)
    assert 0.6 < kept[16:].min() < 0.8  # at most as long as the embedding: 45 degrees
    assert 0.95 < kept[16:].max() < 1
    later = {name: value[20:30] for name, value in batch.items()}
    np.testing.assert_allclose(
        stray_identities(embeddings[20:30], 1.0, 0.0, 3, later), strayed[20:30], atol=1e-5
    )
    assert np.abs(stray_identities(embeddings, 1.0, 0.0, 4, batch).numpy() - strayed)[16:].max() > 0.1


def test_lengths_of_identities_vary_between_the_factors_and_keep_their_directions():
    embeddings = np.random.default_rng(6).standard_normal((200, 12)).astype("float32")
    batch = {"sample": tf.range(200, dtype=tf.int64), "self_swap": tf.constant([0.0, 1.0] * 100)}
    scaled = stray_identities(embeddings, 0.0, 0.25, 3, batch).numpy()
    factors = np.linalg.norm(scaled, axis=1) / np.linalg.norm(embeddings, axis=1)
    assert 0.8 <= factors.min() < 0.83
    assert 1.2 < factors.max() <= 1.25
    assert factors[1::2].std() > 0.05  # the self-swaps'
    np.testing.assert_allclose(scaled, factors[:, None] * embeddings, atol=1e-5)


def test_a_step_with_all_of_it_is_finite(face_crops):
    config = with_settings(
        SMALL,
        encoder={"pasted": True, "identity_noise": 0.5, "identity_length": 0.3},
        loss={"identity_contrast": 5.0},
    )
    batch = {**batch_of(face_crops, [0, 1, 2, 3], [0, 2, 3, 4]), "sample": tf.range(4, dtype=tf.int64)}
    stepped = build(config).step(batch, with_r1=True, with_cycle=True)
    assert all(np.isfinite(float(v)) for v in stepped.values())


def test_the_contrast_is_weighed_where_it_stands_alone_and_lengths_reach_the_step(face_crops):
    alone = {"adversarial": 0.0, "identity": 0.0, "ifsr": 0.0, "reconstruction": 0.0, "cycle": 0.0}
    batch = {**batch_of(face_crops, [0, 1, 2, 3], [0, 2, 3, 4]), "sample": tf.range(4, dtype=tf.int64)}
    source = tf.random.stateless_normal([4, 128], (1, 2))
    # No swapped face can be less like such a target than its source is: the contrast is above 0.
    batch |= {"source_embedding": source, "target_embedding": -source}
    contrasts = []
    for length in (0.0, 0.5):
        config = with_settings(
            SMALL, loss={**alone, "identity_contrast": 5.0}, encoder={"identity_length": length}
        )
        stepped = build(config).step(batch, with_r1=False, with_cycle=False)
        contrasts.append(float(stepped["identity_contrast"]))
        assert float(stepped["generator_total"]) == pytest.approx(5 * contrasts[-1], rel=1e-5)
    assert contrasts[0] > 0
    assert contrasts[0] != contrasts[1]
