"""Tests occluders in batches: where they lie, that the mask moves with them, and that the rest stays as it was."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from data.augmentation import colour_and_geometry_augmentation
from data.occluders.sprites import draw_sprites, face_shape
from data.occlusion import DRAWS, lay_over
from tests.data.test_augmentation import GEOMETRY, apply, pictures
from tests.data.test_pipeline import assert_equal, batches

STILL = np.zeros((1, DRAWS), np.float32)


def square(opacity: float) -> tf.Tensor:
    """One sprite of 16 px: a red square in its left upper quarter."""
    sprite = np.zeros((1, 16, 16, 4), np.uint8)
    sprite[:, 2:6, 2:6] = [255, 0, 0, round(255 * opacity)]
    return tf.constant(sprite)


def draws(**changes: float) -> tf.Tensor:
    places = {"share": 0, "index": 1, "mirror": 6, "scale": 7, "right": 8, "down": 9}
    drawn = STILL.copy()
    drawn[0, [places[name] for name in changes]] = list(changes.values())
    return tf.constant(drawn)


def test_a_sprite_lies_over_the_picture_and_the_mask_says_where() -> None:
    x = pictures(1)
    out, occluder = (v.numpy() for v in lay_over(x, square(1.0), draws(), 1.0))
    expected = x.numpy().copy()
    expected[:, 2:6, 2:6] = [1.0, -1.0, -1.0]
    np.testing.assert_allclose(out, expected, atol=1e-5)
    assert occluder.shape == (1, 16, 16, 1)
    np.testing.assert_allclose(occluder[0, 2:6, 2:6], 1.0, atol=1e-5)
    assert occluder.sum() == pytest.approx(16, abs=1e-3)


def test_what_lets_through_half_or_more_is_laid_over_but_is_no_occluder() -> None:
    x = tf.zeros([1, 16, 16, 3])
    out, occluder = (v.numpy() for v in lay_over(x, square(0.4), draws(), 1.0))
    np.testing.assert_allclose(out[0, 3, 3], [0.4, -0.4, -0.4], atol=1e-5)
    assert not occluder.any()
    occluder = lay_over(x, square(0.75), draws(), 1.0)[1].numpy()
    assert occluder.max() == pytest.approx(0.5, abs=0.01)


def test_draws_mirror_and_move_sprites_at_any_size() -> None:
    def place(size_px: int, **changes: float) -> tuple[float, float]:
        weight = lay_over(tf.zeros([1, size_px, size_px, 3]), square(1.0), draws(**changes), 1.0)[1].numpy()[
            0, ..., 0
        ]
        middle = np.arange(size_px) + 0.5
        return float((weight.sum(1) @ middle) / weight.sum()), float((weight.sum(0) @ middle) / weight.sum())

    assert place(16) == pytest.approx((4, 4), abs=0.01)
    assert place(16, mirror=-0.5) == pytest.approx((4, 12), abs=0.01)
    assert place(32) == pytest.approx((8, 8), abs=0.05)
    down, right = place(32, down=0.99, right=-0.99)
    assert down > 9 > 7 > right


def test_without_a_sprite_a_picture_stays_bit_by_bit() -> None:
    x = pictures(1)
    out, occluder = lay_over(x, square(1.0), draws(share=0.5), 0.5)
    np.testing.assert_array_equal(out, x)
    assert not occluder.numpy().any()


@pytest.fixture(scope="module")
def sprites() -> np.ndarray:
    return draw_sprites(0, 24)


def test_the_share_is_drawn_on_either_side_and_a_self_swap_is_covered_alike(sprites: np.ndarray) -> None:
    augmentation = colour_and_geometry_augmentation(**GEOMETRY, occluded=0.3, sprites=sprites)
    x = pictures(200)
    target, source = apply(augmentation, x, x, [1] * 50 + [0] * 150)
    covered = [np.abs(side - x.numpy()).max(axis=(1, 2, 3)) > 0 for side in (target, source)]
    assert all(0.2 < flags.mean() < 0.4 for flags in covered)
    np.testing.assert_array_equal(target[:50], source[:50])
    assert 3 <= (covered[0] & covered[1])[50:].sum() <= 30


def test_the_mask_moves_with_the_target(sprites: np.ndarray) -> None:
    """A black picture with white occluders is its own mask, before and after all movement."""
    white = sprites.copy()
    white[..., :3], white[..., 3] = 255, (sprites[..., 3] > 127) * 255
    augmentation = colour_and_geometry_augmentation(
        0.0, 0.0, 0.0, flip=True, scale=0.2, rotation_deg=20.0, shift=0.1, occluded=1.0, sprites=white
    )
    black = tf.fill([8, 64, 64, 3], -1.0)
    sample = tf.range(8, dtype=tf.int64)
    got = augmentation(black, black, tf.zeros(8), sample, tf.constant(0, tf.int64), 1)
    light = np.clip(got["target"].numpy()[..., :1], -1, 1)
    mask = got["occluder"].numpy()
    clear = (mask == 0) | (mask == 1)
    assert ((light > 0.3) == (mask > 0.5))[clear].mean() > 0.99
    assert 0.02 < mask.mean() < 0.5


def test_never_much_more_than_two_fifths_of_a_face_are_hidden() -> None:
    sprites = draw_sprites(1, 64)
    augmentation = colour_and_geometry_augmentation(**GEOMETRY, occluded=1.0, sprites=sprites)
    face, shares = face_shape(32)[..., None], []
    for first in range(0, 256, 64):
        zeros, sample = tf.zeros([64, 32, 32, 3]), tf.range(first, first + 64, dtype=tf.int64)
        occluder = augmentation(zeros, zeros, tf.zeros(64), sample, sample[0], 1)["occluder"].numpy()
        shares.extend((occluder * face).sum(axis=(1, 2, 3)) / face.sum())
    assert max(shares) <= 0.42
    assert np.mean(shares) > 0.08


def test_covered_batches_go_on_from_any_sample_and_divide_among_workers(
    shards: Path, sprites: np.ndarray
) -> None:
    jitter = colour_and_geometry_augmentation(
        flip=True, scale=0.05, shift=0.03, occluded=0.6, sprites=sprites
    )
    straight = batches(shards, 6, augmentation=jitter)
    assert straight[0]["occluder"].shape == (4, 16, 16, 1)
    assert any(batch["occluder"].any() for batch in straight)
    assert_equal(straight[3:], batches(shards, 3, start_sample=12, augmentation=jitter))
    parts = [batches(shards, 6, augmentation=jitter, worker_index=w, worker_count=2) for w in (0, 1)]
    assert_equal(
        straight, [{k: np.concatenate([a[k], b[k]]) for k in a} for a, b in zip(*parts, strict=True)]
    )


def test_no_share_no_mask_and_a_share_without_sprites_is_refused(shards: Path, sprites: np.ndarray) -> None:
    plain = batches(shards, 2, augmentation=colour_and_geometry_augmentation(flip=True))
    assert "occluder" not in plain[0]
    assert_equal(
        plain, batches(shards, 2, augmentation=colour_and_geometry_augmentation(flip=True, sprites=sprites))
    )
    with pytest.raises(ValueError, match="`occluded` needs `sprites`"):
        colour_and_geometry_augmentation(occluded=0.3)
    with pytest.raises(ValueError, match="`occluded` must be in"):
        colour_and_geometry_augmentation(occluded=1.3, sprites=sprites)
