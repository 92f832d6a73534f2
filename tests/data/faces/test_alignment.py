"""Tests alignment against known transforms, and on pictures in which every point is known."""

import numpy as np
import pytest

from data.faces.alignment import (
    TEMPLATE_112,
    align,
    estimate_transform,
    invert_transform,
    similarity_transform,
    template,
    warp,
)


def similarity(scale: float, degrees: float, shift: tuple[float, float]) -> np.ndarray:
    angle = np.deg2rad(degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.hstack([scale * rotation, np.array(shift)[:, None]])


def moved(points: np.ndarray, transform: np.ndarray) -> np.ndarray:
    return points @ transform[:, :2].T + transform[:, 2]


@pytest.mark.parametrize(
    ("scale", "degrees", "shift"), [(1, 0, (0, 0)), (0.3, 25, (400, -30)), (7, -170, (5, 9))]
)
def test_finds_the_similarity_that_placed_the_points(scale, degrees, shift) -> None:
    placed = moved(template(256), similarity(scale, degrees, shift))
    back = estimate_transform(placed, 256)
    np.testing.assert_allclose(moved(placed, back), template(256), atol=1e-9)
    np.testing.assert_allclose(invert_transform(back), similarity(scale, degrees, shift), atol=1e-9)


def test_mirrored_points_are_not_mirrored_back() -> None:
    mirrored = TEMPLATE_112 * [-1, 1]
    linear = estimate_transform(mirrored, 112)[:, :2]
    assert np.linalg.det(linear) > 0


def test_least_squares_beats_its_neighbours() -> None:
    rng = np.random.default_rng(0)
    points, goals = template(112) + rng.normal(0, 3, (5, 2)), template(112)
    best = similarity_transform(points, goals)
    error = np.sum((moved(points, best) - goals) ** 2)
    a, b = best[0, 0], best[1, 0]
    for da, db, dx, dy in 1e-3 * rng.normal(size=(50, 4)):
        near = np.array([[a + da, -(b + db), best[0, 2] + dx], [b + db, a + da, best[1, 2] + dy]])
        assert np.sum((moved(points, near) - goals) ** 2) > error


def test_template_scales_and_shrinks_about_the_centre() -> None:
    np.testing.assert_allclose(template(112), TEMPLATE_112, atol=1e-6)
    np.testing.assert_allclose(template(256)[0], [38.2946 * 256 / 112, 51.6963 * 256 / 112], atol=1e-4)
    np.testing.assert_allclose(template(256, 0.5) - 128, (template(256) - 128) / 2)
    np.testing.assert_allclose(template(256, 0.7), template(112, 0.7) * 256 / 112)


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0, 9.7])
def test_landmarks_land_on_the_template(scale: float) -> None:
    """Dots drawn at the landmarks are found again at the template's points, also when much larger than the crop."""
    placed = moved(template(64), similarity(scale, 10, (20, 15)))
    size = int(placed.max() + 40 * scale)
    y, x = np.mgrid[:size, :size]
    for point, goal in zip(placed, template(64), strict=True):
        blob = 255 * np.exp(-((x - point[0]) ** 2 + (y - point[1]) ** 2) / (2 * (1.5 * max(scale, 1)) ** 2))
        crop = align(np.repeat(blob[..., None], 3, 2).astype(np.uint8), placed, 64)[..., 0].astype(float)
        yy, xx = np.mgrid[:64, :64]
        centre = np.array([(crop * xx).sum(), (crop * yy).sum()]) / crop.sum()
        np.testing.assert_allclose(centre, goal, atol=0.12)


def test_a_large_face_is_averaged_not_aliased() -> None:
    stripes = np.zeros((900, 900, 3), np.uint8)
    stripes[:, ::2] = 255
    crop = warp(stripes, similarity(0.1, 0, (0, 0)), 80)
    assert np.abs(crop[2:-2, 2:-2].astype(int) - 127).max() <= 3


def test_outside_is_black_and_a_part_equals_the_whole() -> None:
    picture = np.random.default_rng(0).integers(1, 256, (300, 300, 3)).astype(np.uint8)
    far = warp(picture, similarity(1, 0, (-1000, 0)), 32)
    assert far.max() == 0
    half = warp(picture, similarity(1, 0, (16, 0)), 32)
    assert half[:, :15].max() == 0
    np.testing.assert_array_equal(half[:, 16:], picture[:32, :16])
    inner = warp(picture, similarity(1, 0, (-100, -120)), 32)
    np.testing.assert_array_equal(inner, picture[120:152, 100:132])


def test_refusals_name_the_rule() -> None:
    with pytest.raises(ValueError, match="coincide"):
        estimate_transform(np.full((5, 2), 3.0), 112)
    with pytest.raises(ValueError, match="finite"):
        estimate_transform(np.full((5, 2), np.nan), 112)
    with pytest.raises(ValueError, match="`shrink`"):
        template(112, 1.5)
    with pytest.raises(ValueError, match="`size_px`"):
        template(8)
