"""Tests augmentation: which samples share a draw, ranges, and that self-swap pairs share their geometry."""

import numpy as np
import pytest
import tensorflow as tf

from data.augmentation import (
    colour_and_geometry_augmentation,
    draw_per_sample,
    jitter_colour,
    mirror,
    move,
    released_augmentation,
)

GEOMETRY: dict = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0}


def pictures(count: int, size_px: int = 16, seed: int = 0) -> tf.Tensor:
    return tf.constant(np.random.default_rng(seed).uniform(-1, 1, (count, size_px, size_px, 3)), tf.float32)


def apply(augmentation, target, source, self_swap, first=0, batch=0, seed=1, one_graph=False):
    sample = tf.range(first, first + target.shape[0], dtype=tf.int64)
    function = tf.function(augmentation) if one_graph else augmentation
    out = function(
        target, source, tf.constant(self_swap, tf.float32), sample, tf.constant(batch, tf.int64), seed
    )
    return out["target"].numpy(), out["source"].numpy()


def test_released_draws_once_per_batch_and_differs_between_the_sides() -> None:
    flat = tf.fill([3, 8, 8, 3], 0.1)
    brightness_only = released_augmentation(contrast=(1.0, 1.0), saturation=None)
    target, source = apply(brightness_only, flat, flat, [1, 0, 0])
    assert np.ptp(target) < 1e-6
    assert np.ptp(source) < 1e-6
    assert abs(target[0, 0, 0, 0] - source[0, 0, 0, 0]) > 1e-3
    shifts = [apply(brightness_only, flat, flat, [0, 0, 0], batch=b)[0][0, 0, 0, 0] - 0.1 for b in range(200)]
    assert -0.3 <= min(shifts) < -0.25
    assert 0.25 < max(shifts) <= 0.3


def test_released_neither_clips_nor_flips() -> None:
    bright = tf.fill([2, 8, 8, 3], 0.95)
    tops = [apply(released_augmentation(), bright, bright, [0, 0], batch=b)[0].max() for b in range(20)]
    assert max(tops) > 1.0
    x = tf.abs(pictures(2)) * 0.5 + 0.3  # bright enough for tf.image's saturation to behave
    out, _ = apply(released_augmentation(brightness=0.05), x, x, [0, 0])
    assert np.abs(out - x.numpy()).mean() < 0.1 < np.abs(out - x.numpy()[:, :, ::-1]).mean()


def test_released_saturation_has_its_quirk() -> None:
    dark_red = tf.tile(tf.constant([[[[-0.2, -0.8, -0.8]]]]), [1, 4, 4, 1])
    out, _ = apply(released_augmentation(brightness=0.0), dark_red, dark_red, [0])
    assert np.ptp(out, axis=-1).max() < 1e-6  # a dark colour turns grey, as it did in the released training
    unchanged, _ = apply(released_augmentation(brightness=0.0, saturation=None), dark_red, dark_red, [0])
    np.testing.assert_allclose(unchanged, dark_red, atol=1e-5)


def test_colour_keeps_the_range_grey_and_the_identity() -> None:
    x = pictures(6)
    factors = tf.constant(np.random.default_rng(1).uniform(0.7, 1.3, (6, 3)), tf.float32)
    out = jitter_colour(x, factors).numpy()
    assert out.min() >= -1.0
    assert out.max() <= 1.0
    np.testing.assert_allclose(jitter_colour(x, tf.ones([6, 3])), x, atol=1e-5)
    grey = jitter_colour(tf.repeat(x[..., :1], 3, axis=-1), factors).numpy()
    assert np.ptp(grey, axis=-1).max() < 1e-5


def test_colour_by_hand() -> None:
    # [0, 1]: pixels .2 and .6 grey, mean .4; contrast 1.5 -> .1, .7; brightness .5 -> .05, .35
    x = tf.constant([[[[0.2] * 3, [0.6] * 3]]], tf.float32) * 2 - 1
    out = jitter_colour(x, tf.constant([[0.5, 1.5, 1.0]]))
    np.testing.assert_allclose(out[0, 0, :, 0], [-0.9, -0.3], atol=1e-6)
    # red with luma .299, saturation 0.5: (.6495, .1495, .1495)
    red = tf.constant([[[[1.0, -1.0, -1.0]]]])
    out = jitter_colour(red, tf.constant([[1.0, 1.0, 0.5]]))
    np.testing.assert_allclose((out[0, 0, 0] + 1) / 2, [0.6495, 0.1495, 0.1495], atol=1e-6)


def test_colour_in_few_passes_is_saturation_then_contrast_then_brightness() -> None:
    x = pictures(5).numpy().astype(np.float64) / 2 + 0.5
    factors = 1 + np.random.default_rng(2).uniform(-1, 1, (5, 3)) * [0.3, 0.2, 0.4]
    bright, contrasted, saturated = factors.T[:, :, None, None, None]
    luma = (x @ [0.299, 0.587, 0.114])[..., None]
    plain = luma + saturated * (x - luma)
    plain = bright * (luma.mean(axis=(1, 2), keepdims=True) * (1 - contrasted) + contrasted * plain)
    plain = np.clip(plain, 0, 1) * 2 - 1
    out = jitter_colour(pictures(5), tf.constant(factors, tf.float32))
    np.testing.assert_allclose(out, plain, atol=1e-6)


def test_every_sample_is_drawn_for_itself_whatever_its_batch() -> None:
    augmentation = colour_and_geometry_augmentation(flip=True, scale=0.05, rotation_deg=4.0, shift=0.03)
    x, y = pictures(6), pictures(6, seed=1)
    whole = apply(augmentation, x, y, [0, 1, 0, 0, 1, 0])
    graph = apply(augmentation, x, y, [0, 1, 0, 0, 1, 0], one_graph=True)
    part = apply(augmentation, x[4:], y[4:], [1, 0], first=4, batch=3)
    for side in (0, 1):
        np.testing.assert_array_equal(whole[side][4:], part[side])
        np.testing.assert_allclose(whole[side], graph[side], atol=1e-5)
    drawn = draw_per_sample(1, 10, tf.range(50, dtype=tf.int64), 3).numpy()
    assert len(np.unique(drawn)) == 150
    assert drawn.min() >= -1
    assert drawn.max() < 1
    other_seed = apply(augmentation, x, y, [0, 1, 0, 0, 1, 0], seed=2)
    assert np.abs(other_seed[0] - whole[0]).max() > 0.1


def test_self_swap_pairs_share_their_geometry_and_only_they() -> None:
    augmentation = colour_and_geometry_augmentation(
        **GEOMETRY, flip=True, scale=0.1, rotation_deg=8.0, shift=0.05
    )
    x = pictures(40)
    target, source = apply(augmentation, x, x, [1, 0] * 20)
    np.testing.assert_array_equal(target[::2], source[::2])
    assert min(np.abs(target[i] - x[i].numpy()).max() for i in range(40)) > 0.05
    # a source of its own is at most mirrored, and in about half the cases
    own = source[1::2]
    same = [np.array_equal(o, p) for o, p in zip(own, x.numpy()[1::2], strict=True)]
    flipped = [np.array_equal(o, p[:, ::-1]) for o, p in zip(own, x.numpy()[1::2], strict=True)]
    assert all(a or b for a, b in zip(same, flipped, strict=True))
    assert 4 <= sum(flipped) <= 16


def test_flip_of_different_pictures_is_independent() -> None:
    x = pictures(64)
    target, source = apply(colour_and_geometry_augmentation(**GEOMETRY, flip=True), x, x, [0] * 64)
    first = np.array([np.array_equal(t, p) for t, p in zip(target, x.numpy(), strict=True)])
    second = np.array([np.array_equal(t, p) for t, p in zip(source, x.numpy(), strict=True)])
    assert 16 < (first == second).sum() < 48


def test_colour_differs_between_the_sides_of_a_self_swap() -> None:
    x = pictures(3)
    target, source = apply(colour_and_geometry_augmentation(), x, x, [1, 1, 1])
    assert np.abs(target - source).mean(axis=(1, 2, 3)).min() > 1e-3


def test_a_part_of_the_pictures_loses_its_colours_on_either_side_by_itself() -> None:
    x = pictures(200)
    target, source = apply(colour_and_geometry_augmentation(grey=0.3), x, x, [0] * 200)
    grey = [np.ptp(side, axis=-1).max(axis=(1, 2)) < 1e-5 for side in (target, source)]
    assert all(40 <= flags.sum() <= 80 for flags in grey)
    assert 5 <= (grey[0] & grey[1]).sum() <= 35
    coloured, _ = apply(colour_and_geometry_augmentation(), x, x, [0] * 200)
    assert np.ptp(coloured, axis=-1).max(axis=(1, 2)).min() > 0.1


def test_move_shifts_turns_and_scales_by_the_stated_amounts() -> None:
    dot = np.zeros((1, 21, 21, 3), np.float32)
    dot[0, 10, 14] = 1.0  # four to the right of the centre

    def at(drawn: list[float], **strengths: float) -> tuple[int, ...]:
        arguments = {"scale": 0.0, "rotation_deg": 0.0, "shift": 0.0, **strengths}
        moved = move(tf.constant(dot), tf.constant([drawn], tf.float32), **arguments).numpy()[0, :, :, 0]
        return tuple(int(v) for v in np.unravel_index(moved.argmax(), moved.shape))

    assert at([0, 0, 0, 0]) == (10, 14)
    assert at([0, 0, 1, -1], shift=2 / 21) == (8, 16)
    assert at([0, 1, 0, 0], rotation_deg=90.0) in {(6, 10), (14, 10)}
    assert at([1, 0, 0, 0], scale=0.5) == (10, 16)


def test_mirror_and_refusals() -> None:
    x = pictures(2)
    out = mirror(x, tf.constant([True, False])).numpy()
    np.testing.assert_array_equal(out[0], x.numpy()[0, :, ::-1])
    np.testing.assert_array_equal(out[1], x.numpy()[1])
    with pytest.raises(ValueError, match="`shift` must be in"):
        colour_and_geometry_augmentation(shift=0.5)
    with pytest.raises(ValueError, match="`grey` must be in"):
        colour_and_geometry_augmentation(grey=1.5)
