"""Tests what an enlarged face takes of the target's finest detail, and what it must not take."""

import cv2
import numpy as np
import pytest

from data.faces.alignment import warp
from facedancer_tf.swapping.finest_detail import FinestDetail, same_structure
from facedancer_tf.swapping.paste import face_mask, paste_into

SIZE_PX = 64


def enlarging(factor: float, turn: float = 0.0) -> np.ndarray:
    """A transform that fills a crop of 64 px with a face that is larger by `factor` and rolled."""
    scale = 1 / factor
    linear = scale * np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return np.hstack([linear, (SIZE_PX / 2 - linear @ np.full(2, 150.0))[:, None]])


def soft(seed: int, size_px: int, sigma: float) -> np.ndarray:
    """A soft random picture, uint8 [S, S, 3]."""
    noise: np.ndarray = np.random.default_rng(seed).normal(size=(size_px, size_px, 3))
    noise = cv2.GaussianBlur(noise, (0, 0), sigma)
    return np.clip(128 + 25 * noise / noise.std(), 0, 255).astype(np.uint8)


def with_pores(picture: np.ndarray) -> np.ndarray:
    pores = np.random.default_rng(9).integers(-8, 9, (*picture.shape[:2], 1))
    return np.clip(picture.astype(int) + pores, 0, 255).astype(np.uint8)


def inside(transform: np.ndarray) -> np.ndarray:
    """Where the mask is 1 in a picture of 300 px."""
    y, x = np.mgrid[:300, :300].astype(np.float32)
    columns, rows = (row[0] * x + row[1] * y + row[2] for row in transform)
    return face_mask(columns, rows, SIZE_PX) > 0.999


@pytest.mark.parametrize("factor", [0.7, 1.0, 1.3, 3.5])
@pytest.mark.parametrize("turn", [0.0, 0.4])
def test_a_face_swapped_for_itself_is_the_target(factor: float, turn: float) -> None:
    transform = enlarging(factor, turn)
    target = with_pores(soft(0, 300, 6))
    crop = warp(target, transform, SIZE_PX)
    pasted = target.copy()
    paste_into(pasted, crop, transform, detail=FinestDetail.between(target, crop, crop))
    np.testing.assert_array_equal(pasted, target)


def test_pores_go_onto_a_face_of_another_brightness_with_the_same_structure() -> None:
    transform = enlarging(3.5)
    smooth = soft(0, 300, 20)
    target = with_pores(smooth)
    crop = warp(target, transform, SIZE_PX)
    darker = crop - np.minimum(crop, 30)
    pasted = target.copy()
    paste_into(pasted, darker, transform, detail=FinestDetail.between(target, crop, darker))
    where = inside(transform)
    np.testing.assert_allclose(pasted[where], target[where] - 30.0, atol=2)
    plain = target.copy()
    paste_into(plain, darker, transform)
    assert np.abs(plain[where] - (target[where] - 30.0)).mean() > 3


def test_a_brow_that_the_source_does_not_have_leaves_no_ghost() -> None:
    transform = enlarging(3.5)
    skin = np.full((300, 300, 3), 150, np.uint8)
    target = skin.copy()
    for x in range(90, 211, 4):  # hairs
        cv2.line(target, (x, 140), (x + 6, 162), (20, 20, 20), 2)
    crop = warp(target, transform, SIZE_PX)
    swapped = warp(skin, transform, SIZE_PX)
    pasted = target.copy()
    paste_into(pasted, swapped, transform, detail=FinestDetail.between(target, crop, swapped))
    brow = inside(transform)
    brow[:146] = brow[157:] = False
    brow[:, :100] = brow[:, 200:] = False
    assert target[brow].std() > 30
    assert np.abs(pasted[brow].astype(int) - 150).max() <= 3


def test_equal_crops_have_the_same_structure_and_unlike_ones_have_not() -> None:
    one, other = soft(1, SIZE_PX, 1.5), soft(2, SIZE_PX, 1.5)
    assert (same_structure(one, one) == 1).all()
    assert (same_structure(255 - one, one) == 0).mean() > 0.98
    assert same_structure(other, one).mean() < 0.4
    even = np.full_like(one, 90)
    assert (same_structure(even, even + 70) == 1).all()


def test_the_target_must_be_as_large_as_the_picture() -> None:
    crop = soft(0, SIZE_PX, 3)
    target = np.zeros((200, 300, 3), np.uint8)
    with pytest.raises(ValueError, match="as large as `picture`"):
        paste_into(
            np.zeros((300, 300, 3), np.uint8),
            crop,
            enlarging(2.0),
            detail=FinestDetail(target, crop, crop[..., 0]),
        )
