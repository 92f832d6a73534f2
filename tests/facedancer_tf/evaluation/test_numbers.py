"""Compares each measure with a closed form or an independent implementation."""

import numpy as np
import pytest
import tensorflow as tf

from facedancer_tf.evaluation.background import change_under, face_region
from facedancer_tf.evaluation.expression import expression_distance, shape_distance
from facedancer_tf.evaluation.frechet import frechet_distance
from facedancer_tf.evaluation.means import Mean, mean_with_interval
from facedancer_tf.evaluation.pose import is_turned, pose_change, pose_distance
from facedancer_tf.evaluation.reconstruction import mean_absolute, psnr_db, ssim

RANDOM = np.random.default_rng(0)


def test_nan_is_left_out_of_the_mean():
    mean = mean_with_interval(np.array([1.0, np.nan, 3.0]), ["a", "b", "c"])
    assert (mean.mean, mean.low, mean.high, mean.count) == (2.0, 1.0, 3.0, 2)
    assert mean_with_interval(np.array([np.nan]), ["a"]) == Mean(None, None, None, 0)


def test_pairs_of_one_group_are_drawn_together():
    """Ten copies of every value make the interval no narrower; as many independent values would."""
    values, each = RANDOM.normal(5.0, 2.0, 40), [str(i) for i in range(400)]
    alone = mean_with_interval(values, each[:40])
    copied = mean_with_interval(values.repeat(10), [str(i // 10) for i in range(400)])
    apart = mean_with_interval(values.repeat(10), each)
    widths = [np.ptp(np.array([mean.low, mean.high], float)) for mean in (alone, copied, apart)]
    assert copied.mean == pytest.approx(alone.mean)
    assert widths[1] == pytest.approx(widths[0])
    assert widths[2] < widths[0] / 2


def test_one_group_alone_has_no_interval():
    assert mean_with_interval(np.array([1.0, 2.0]), ["a", "a"]) == Mean(1.5, None, None, 2)
    assert mean_with_interval(np.array([1.0, np.nan]), ["a", "b"]) == Mean(1.0, None, None, 1)


def test_angles_differ_the_short_way():
    one, other = np.array([[10.0, -5.0, 175.0]]), np.array([[13.0, -1.0, -175.0]])
    assert pose_change(one, other).tolist() == [[3.0, 4.0, 10.0]]
    assert pose_distance(one, other)[0] == pytest.approx(np.sqrt(125))
    assert is_turned(np.array([[20.0, 0, 0], [-20.1, 0, 0]])).tolist() == [False, True]


def test_expression_from_one_to_another():
    assert expression_distance(np.eye(7)[:1], np.eye(7)[1:2])[0] == pytest.approx(np.sqrt(2))


def test_shape_ignores_place_size_and_roll_but_not_the_mouth():
    points = RANDOM.uniform(0, 100, (1, 68, 2))
    turn = 1.3 * np.array([[0.8, -0.6], [0.6, 0.8]])
    assert shape_distance(points, points @ turn.T + [5, -9])[0] == pytest.approx(0.0, abs=1e-9)
    opened = points.copy()
    opened[:, 60:68, 1] += 10
    assert shape_distance(points, opened)[0] > 0.005
    for nowhere in (points * np.nan, points * 0):
        assert np.isnan(shape_distance(points, nowhere)).all()
        assert np.isnan(shape_distance(nowhere, points)).all()


def test_frechet_distance_of_normals():
    """Diagonal normals: sum of squared differences of means and of standard deviations."""
    one = RANDOM.normal(size=(200_000, 3)) * [1.0, 2.0, 3.0]
    other = RANDOM.normal(size=(200_000, 3)) * [2.0, 2.0, 1.0] + [1.0, 0.0, 0.0]
    assert frechet_distance(one, other) == pytest.approx(1 + 1 + 0 + 4, rel=0.02)
    assert frechet_distance(one[:50], one[:50]) == pytest.approx(0.0, abs=1e-6)
    turned = np.linalg.qr(RANDOM.normal(size=(3, 3)))[0]
    assert frechet_distance(one @ turned, other @ turned) == pytest.approx(frechet_distance(one, other))


def test_frechet_distance_of_fewer_samples_than_features():
    """Compares with the definition, which takes the square root of the product of covariances."""
    one, other = RANDOM.normal(size=(5, 8)), RANDOM.normal(size=(30, 8)) + 0.3
    covariances = np.cov(one, rowvar=False), np.cov(other, rowvar=False)
    root = np.sqrt(np.abs(np.linalg.eigvals(covariances[0] @ covariances[1])))
    apart = ((one.mean(axis=0) - other.mean(axis=0)) ** 2).sum()
    wanted = apart + np.trace(covariances[0] + covariances[1]) - 2 * root.sum()
    assert frechet_distance(one, other) == pytest.approx(wanted, rel=1e-5)
    assert frechet_distance(other, one) == pytest.approx(wanted, rel=1e-5)


def test_reconstruction_against_tensorflow():
    one = RANDOM.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    other = np.clip(one + RANDOM.normal(0, 20, one.shape), 0, 255).astype(np.uint8)
    assert ssim(one, other) == pytest.approx(float(tf.image.ssim(one, other, 255)), abs=2e-4)
    assert psnr_db(one, other) == pytest.approx(float(tf.image.psnr(one, other, 255)), abs=1e-3)
    assert mean_absolute(np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 7, np.uint8)) == 7.0
    assert np.isnan(psnr_db(one, one))


def test_face_region_has_a_forehead_and_moves_with_the_crop():
    points = np.zeros((68, 2))
    points[:17] = np.stack([np.linspace(20, 80, 17), 50 + 40 * np.sin(np.linspace(0, np.pi, 17))], axis=1)
    points[17:27] = np.stack([np.linspace(25, 75, 10), np.full(10, 40.0)], axis=1)
    points[27:] = [50.0, 60.0]
    region = face_region(points, np.eye(2, 3), 100)
    assert region[60, 50]
    assert region[20, 50]  # brows at 40, chin at 90: hair begins at 15
    assert not region[8, 50]
    assert not region[95, 50]
    assert not region[50, 10]
    half = face_region(points, 0.5 * np.eye(2, 3), 50)
    assert half.mean() == pytest.approx(region.mean(), rel=0.1)


def test_change_under_a_mask():
    before, after = np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4, 3), np.uint8)
    after[0, 0] = 30
    mask = np.zeros((4, 4), bool)
    assert np.isnan(change_under(mask, before, after))
    mask[0, :2] = True
    assert change_under(mask, before, after) == 15.0
