"""Tests pasting: what is outside the mask stays, and what is inside comes from the crop, at any angle and size."""

import cv2
import numpy as np
import pytest

from data.faces.alignment import TEMPLATE_112, estimate_transform, template, warp
from facedancer_tf.swapping import paste
from facedancer_tf.swapping.paste import face_mask, paste_into

HEIGHT, WIDTH = 260, 300


def landmarks(scale: float, degrees: float, x: float = 150.0, y: float = 130.0) -> np.ndarray:
    """The template's five points `scale` px per template px, turned, its centre at (x, y)."""
    turn = np.deg2rad(degrees)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return ((TEMPLATE_112 - 56.0) * scale) @ rotation.T + [x, y]


def noise() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def mask_everywhere(transform: np.ndarray, size_px: int, shrink: float = 1.0) -> np.ndarray:
    """The mask over the whole picture, pixel by pixel in float64."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    points = np.stack([x, y, np.ones_like(x)], axis=-1) @ transform.T
    return face_mask(points[..., 0], points[..., 1], size_px, shrink)


@pytest.mark.parametrize("degrees", [0, 40, -100, 180])
@pytest.mark.parametrize(("scale", "shrink"), [(1.0, 1.0), (0.3, 1.0), (1.2, 0.7)])
def test_outside_the_mask_every_bit_stays_and_inside_is_the_crop(degrees, scale, shrink):
    picture = noise()
    transform = estimate_transform(landmarks(scale, degrees), 64, shrink)
    crop = np.full((64, 64, 3), (10, 200, 90), np.uint8)
    pasted = picture.copy()
    paste_into(pasted, crop, transform, shrink)
    mask = mask_everywhere(transform, 64, shrink)
    np.testing.assert_array_equal(pasted[mask < 1e-6], picture[mask < 1e-6])
    assert (pasted[mask > 0.9999] == (10, 200, 90)).all()
    assert (mask > 0.9999).sum() > 500 * scale**2  # there is an inside
    expected = picture + mask[..., None] * (crop[0, 0].astype(float) - picture)
    assert np.abs(pasted - expected).max() <= 0.6


@pytest.mark.parametrize("shrink", [1.0, 0.8, 0.6])
def test_the_mask_is_whole_on_the_landmarks_and_nothing_on_the_crops_border(shrink):
    rows, columns = np.mgrid[:256, :256]
    mask = face_mask(columns, rows, 256, shrink)
    border = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    assert border.max() == 0.0
    points = template(256, shrink)
    assert face_mask(points[:, 0], points[:, 1], 256, shrink).min() == 1.0
    assert face_mask(np.array(0.0), np.array(0.0), 256) == 0.0
    # released rectangle: half way up on its sides' middles (rows 77 and 240, columns 32 and 224 at row 158.5)
    x = (np.array([128, 128, 32, 224]) - 128) * shrink + 128
    y = (np.array([77, 240, 158.5, 158.5]) - 128) * shrink + 128
    np.testing.assert_allclose(face_mask(x, y, 256, shrink), 0.5, atol=1e-5)


def test_the_mask_grows_with_the_face():
    areas = []
    for scale in (0.5, 1.0):
        pasted = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        paste_into(pasted, np.full((64, 64, 3), 255, np.uint8), estimate_transform(landmarks(scale, 20), 64))
        areas.append(pasted[..., 0].astype(float).sum() / 255)
    assert areas[1] / areas[0] == pytest.approx(4.0, rel=0.01)


@pytest.mark.parametrize("size_px", [48, 112, 448])
@pytest.mark.parametrize("degrees", [0, 33])
def test_an_unchanged_crop_changes_nothing_that_can_be_seen(size_px, degrees):
    # 0.8 and 0.9 levels per pixel: a fifth of a pixel of shift shows
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    sharp = np.stack([x * 0.8, y * 0.9, np.abs((x + 2 * y) % 510 - 255)], axis=-1).astype(np.uint8)
    soft: np.ndarray = cv2.GaussianBlur(sharp, (0, 0), 3)
    transform = estimate_transform(landmarks(1.0, degrees, 150.3, 129.6), size_px)
    pasted = soft.copy()
    paste_into(pasted, warp(soft, transform, size_px), transform)
    apart = pasted.astype(float) - soft
    assert np.abs(apart).mean() < 0.4
    assert np.abs(apart.mean(axis=(0, 1))).max() < 0.1
    inside = mask_everywhere(transform, size_px) > 0.99
    assert np.abs(apart[inside][:, :2].mean(axis=0)).max() < 0.15


def test_a_crop_finer_than_the_picture_is_averaged_not_sampled():
    checks = ((np.indices((256, 256)).sum(axis=0) % 2) * 255).astype(np.uint8)[..., None].repeat(3, axis=-1)
    transform = estimate_transform(landmarks(0.6, 17), 256)
    pasted = noise()
    paste_into(pasted, checks, transform)
    inside = pasted[mask_everywhere(transform, 256) > 0.9999]
    assert len(inside) > 500
    assert np.abs(inside.astype(float) - 127.5).max() < 40


def test_a_crop_coarser_than_the_picture_is_enlarged_smoothly():
    def wave(x: np.ndarray) -> np.ndarray:
        return 128 + 100 * np.sin(x * 2 * np.pi / 6)  # straight lines between samples would miss it by 13

    crop = np.rint(wave(np.tile(np.arange(32.0), (32, 1))))[..., None].repeat(3, axis=-1).astype(np.uint8)
    transform = estimate_transform(landmarks(1.5, 0), 32)
    pasted = noise()
    paste_into(pasted, crop, transform)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    expected = wave(transform[0, 0] * x + transform[0, 1] * y + transform[0, 2])
    inside = mask_everywhere(transform, 32) > 0.9999
    assert np.abs(pasted[..., 0].astype(float) - expected)[inside].max() < 8


def test_a_face_that_leaves_the_picture_is_pasted_as_far_as_it_is_there():
    picture = noise()
    transform = estimate_transform(landmarks(1.5, 10, x=5.0, y=250.0), 64)
    pasted = picture.copy()
    paste_into(pasted, np.zeros((64, 64, 3), np.uint8), transform)
    mask = mask_everywhere(transform, 64)
    assert (pasted[mask > 0.9999] == 0).all()
    assert (mask > 0.9999).any()
    np.testing.assert_array_equal(pasted[mask < 1e-6], picture[mask < 1e-6])
    away = estimate_transform(landmarks(1.0, 0, x=-500.0), 64)
    before = pasted.copy()
    paste_into(pasted, np.zeros((64, 64, 3), np.uint8), away)
    np.testing.assert_array_equal(pasted, before)


def test_strips_join_without_a_trace(monkeypatch):
    crop = cv2.resize(noise(), (64, 64))
    transform = estimate_transform(landmarks(1.4, 25), 64)
    whole, striped = noise(), noise()
    paste_into(whole, crop, transform)
    monkeypatch.setattr(paste, "STRIP_PX", 700)
    paste_into(striped, crop, transform)
    assert np.abs(whole.astype(int) - striped).max() <= 1  # float32 coordinates counted from another corner


@pytest.mark.parametrize(
    ("picture", "crop", "named"),
    [
        (np.zeros((9, 9), np.uint8), np.zeros((9, 9, 3), np.uint8), "`picture`"),
        (np.zeros((9, 9, 3), np.uint8), np.zeros((9, 9, 3), np.float32), "`crop`"),
        (np.zeros((9, 9, 3), np.uint8), np.zeros((9, 8, 3), np.uint8), "square"),
    ],
)
def test_other_arrays_are_refused(picture, crop, named):
    with pytest.raises(ValueError, match=named):
        paste_into(picture, crop, np.eye(2, 3))


@pytest.mark.parametrize("mask_px", [16, 64])
def test_another_mask_lies_over_the_crop_and_takes_the_ovals_place(mask_px):
    picture, transform = noise(), estimate_transform(landmarks(1.0, 25), 64)
    crop = np.full((64, 64, 3), (10, 200, 90), np.uint8)
    pasted = picture.copy()
    mask = np.zeros((mask_px, mask_px), np.float32)
    mask[mask_px // 2 : mask_px * 3 // 4, mask_px // 4 : mask_px // 2] = 1
    paste_into(pasted, crop, transform, mask=mask)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    points = np.stack([x, y, np.ones_like(x)], axis=-1) @ transform.T
    within = np.minimum(np.abs(points[..., 0] - 23.5), 99) - 8, np.abs(points[..., 1] - 39.5) - 8
    from_edge = np.maximum(*within)  # px of the crop, negative inside
    assert (pasted[from_edge < -64 / mask_px] == (10, 200, 90)).all()
    np.testing.assert_array_equal(pasted[from_edge > 64 / mask_px], picture[from_edge > 64 / mask_px])
