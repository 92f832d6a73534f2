"""The face mesh reads real faces where the detector has its landmarks, at any roll, and scores non-faces low."""

import numpy as np
import pytest

from data.faces.alignment import invert_transform
from data.faces.detection import build_detector
from data.pictures import read_picture
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.video.face_mesh import FaceMesh, crop_transform, five_points, outline


@pytest.fixture(scope="module")
def mesh():
    return FaceMesh()


@pytest.fixture(scope="module")
def faces():
    """The bundled photographs with the detector's landmarks of their largest faces."""
    detector = build_detector()
    pictures = [read_picture(path).rgb for path in bundled_pictures()]
    return [(rgb, detector.detect(rgb)[0].landmarks) for rgb in pictures]


def eyes_apart(five):
    return np.linalg.norm(five[1] - five[0])


def test_five_points_are_where_the_detector_has_them(mesh, faces):
    apart = []
    for rgb, five in faces:
        points, score = mesh.read(rgb, five)
        assert score > 0.95
        apart.append((five_points(points) - five) / eyes_apart(five))
    assert np.abs(apart).max() < 0.13
    assert np.abs(np.mean(apart, axis=0)).max() < 0.05


def test_points_turn_with_the_face(mesh, faces):
    rgb, five = faces[0]
    points, _ = mesh.read(rgb, five)
    points, _ = mesh.read(rgb, points)
    width = rgb.shape[1]
    turned = np.rot90(rgb)  # counter-clockwise
    there, score = mesh.read(
        np.ascontiguousarray(turned), np.stack([five[:, 1], width - 1 - five[:, 0]], axis=1)
    )
    there, _ = mesh.read(np.ascontiguousarray(turned), there)
    back = np.stack([width - 1 - there[:, 1], there[:, 0]], axis=1)
    assert np.abs(back - points[:, :2]).max() < 0.02 * eyes_apart(five)
    assert score > 0.95


def test_several_faces_at_once_are_those_one_by_one(mesh, faces):
    rgb, five = faces[0]
    starts = [five, five + 5, mesh.read(rgb, five)[0]]
    points, scores = mesh.read_all(rgb, starts)
    assert points.shape == (3, 468, 3)
    assert points.dtype == scores.dtype == np.float32
    for i, start in enumerate(starts):
        alone, score = mesh.read(rgb, start)
        np.testing.assert_allclose(points[i], alone, atol=1e-2)
        assert scores[i] == pytest.approx(score, abs=1e-4)
    assert mesh.read_all(rgb, [])[0].shape == (0, 468, 3)


def test_outline_is_around_the_five_points(mesh, faces):
    rgb, five = faces[1]
    points, _ = mesh.read(rgb, five)
    oval = outline(points)
    assert oval.shape == (36, 2)
    low, high = oval.min(axis=0), oval.max(axis=0)
    assert (low < five_points(points).min(axis=0)).all()
    assert (high > five_points(points).max(axis=0)).all()
    edges = np.roll(oval, -1, axis=0) - oval
    area = 0.5 * np.sum(oval[:, 0] * edges[:, 1] - oval[:, 1] * edges[:, 0])
    assert area > 0.6 * np.prod(high - low)  # clockwise in the picture, and one round


def test_no_face_has_a_low_score(mesh, faces):
    rgb, five = faces[0]
    noise = np.random.default_rng(0).integers(0, 256, rgb.shape, np.uint8)
    assert mesh.read(noise, five)[1] < 0.2
    assert mesh.read(np.full_like(rgb, 128), five)[1] < 0.2


def test_crop_shows_the_whole_face(mesh, faces):
    for rgb, five in faces:
        points, _ = mesh.read(rgb, five)
        transform = crop_transform(points)
        in_crop = points[:, :2] @ transform[:, :2].T + transform[:, 2]
        assert in_crop.min() > 10
        assert in_crop.max() < 182
        assert np.linalg.det(invert_transform(transform)[:, :2]) > 0


@pytest.mark.parametrize(
    "start", [np.zeros((5, 2)), np.full((5, 2), np.nan), np.zeros((4, 2)), np.zeros((468, 2))]
)
def test_bad_start_is_refused(mesh, faces, start):
    with pytest.raises(ValueError, match="must"):
        mesh.read(faces[0][0], start)
