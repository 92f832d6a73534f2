"""Tests the pool of sprites: the same from a seed, of every kind, never over too much of a face."""

import numpy as np
import pytest

from data.occluders.sprites import (
    KINDS,
    LEAST_HIDDEN,
    MOST_HIDDEN,
    SPRITE_PX,
    draw_sprite,
    draw_sprites,
    face_shape,
)


def hidden(sprites: np.ndarray) -> np.ndarray:
    """How much of the face each sprite hides."""
    face = face_shape(SPRITE_PX)
    return (sprites[..., 3] / 255.0 * face).sum((-2, -1)) / face.sum()


def test_a_pool_follows_from_its_seed_and_a_sprite_from_its_number() -> None:
    pool = draw_sprites(3, 6)
    assert pool.shape == (6, SPRITE_PX, SPRITE_PX, 4)
    assert pool.dtype == np.uint8
    np.testing.assert_array_equal(draw_sprites(3, 4), pool[:4])
    assert len({sprite.tobytes() for sprite in [*pool, *draw_sprites(4, 6)]}) == 12


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_covers_a_part_of_the_face_in_colours_of_its_own(kind: str) -> None:
    random = np.random.default_rng(1)
    sprites = np.stack([draw_sprite(kind, random) for _ in range(8)])
    shares = hidden(sprites)
    assert LEAST_HIDDEN <= shares.min() < shares.max() <= MOST_HIDDEN
    solid = sprites[..., 3] > 200
    assert solid.any(axis=(1, 2)).mean() > 0.7  # blurred strands and rims may be thinner than that
    tones = np.array(
        [sprite[mask, :3].mean(axis=0) for sprite, mask in zip(sprites, solid, strict=True) if mask.any()]
    )
    assert np.ptp(tones, axis=0).max() > 40


def test_hands_have_light_and_dark_skin() -> None:
    random = np.random.default_rng(2)
    hands = [draw_sprite("hand", random) for _ in range(16)]
    bright = [np.median(hand[hand[..., 3] > 240, :3]) for hand in hands if (hand[..., 3] > 240).any()]
    assert min(bright) < 70
    assert max(bright) > 150
