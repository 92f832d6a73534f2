"""Landmarks, angles and expressions of the bundled photographs, and how mirroring and turning changes them."""

import cv2
import numpy as np
import pytest

from data.faces.detection import build_detector
from data.faces.face import Face
from data.pictures import read_picture
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.judging.face_readings import EXPRESSIONS, FaceReadings, five_of, read_faces


def largest_faces(pictures: list[np.ndarray]) -> list[Face]:
    detector = build_detector()
    return [detector.detect(picture)[0] for picture in pictures]


@pytest.fixture(scope="module")
def names() -> list[str]:
    return [path.stem for path in bundled_pictures()]


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    return [read_picture(path).rgb for path in bundled_pictures()]


@pytest.fixture(scope="module")
def faces(pictures) -> list[Face]:
    return largest_faces(pictures)


@pytest.fixture(scope="module")
def readings(pictures, faces) -> FaceReadings:
    return read_faces(pictures, faces)


def eye_distances(landmarks: np.ndarray) -> np.ndarray:
    return np.linalg.norm(landmarks[:, 42:48].mean(axis=1) - landmarks[:, 36:42].mean(axis=1), axis=1)


def test_shapes_and_ranges(readings):
    assert readings.landmarks.shape == (5, 68, 2)
    assert readings.angles.shape == (5, 3)
    assert readings.expression.shape == (5, 7)
    assert {array.dtype for array in vars(readings).values()} == {np.dtype(np.float32)}
    np.testing.assert_allclose(readings.expression.sum(axis=1), 1.0, atol=1e-5)


def test_landmarks_lie_where_a_face_has_them(readings, faces):
    for points, face in zip(readings.landmarks, faces, strict=True):
        heights = [
            points[part, 1].mean() for part in (range(17, 27), range(36, 48), range(31, 36), range(48, 68))
        ]
        assert heights == sorted(heights)  # brows, eyes, nostrils, mouth
        assert points[8, 1] > points[48:68, 1].max()  # the chin below the lips
        assert points[0, 0] < points[17:68, 0].min()  # the jaw around all
        assert points[16, 0] > points[17:68, 0].max()
        apart = np.linalg.norm(five_of(points) - face.landmarks, axis=1)
        assert apart.max() < 0.2 * eye_distances(points[None])[0]


def test_portraits_look_at_us_and_smiles_are_seen(readings, names):
    assert np.abs(readings.angles).max() < 20
    happy = dict(zip(names, readings.expression[:, EXPRESSIONS.index("happy")], strict=True))
    for smiling in ("barack_obama", "eileen_collins", "jacinda_ardern"):
        assert happy[smiling] > 0.9
    assert happy["grace_hopper"] < 0.3
    assert happy["emmanuel_macron"] < 0.7


def mirrored_face(face: Face, width: int) -> Face:
    landmarks = face.landmarks[[1, 0, 2, 4, 3]]
    landmarks[:, 0] = width - 1 - landmarks[:, 0]
    return Face(face.box, landmarks, face.score)


def test_a_mirrored_picture_is_read_mirrored(pictures, faces, readings):
    mirrored = [np.ascontiguousarray(picture[:, ::-1]) for picture in pictures]
    widths = [picture.shape[1] for picture in pictures]
    again = read_faces(mirrored, [mirrored_face(*pair) for pair in zip(faces, widths, strict=True)])
    np.testing.assert_allclose(again.angles * [-1, 1, -1], readings.angles, atol=0.5)
    np.testing.assert_allclose(again.expression, readings.expression, atol=0.08)  # 0.7 unaveraged
    assert np.abs(readings.angles[:, 0]).max() > 5  # or a yaw of zero for everybody would pass
    for side, other in ((36, 45), (48, 54), (0, 16), (31, 35), (21, 22)):
        apart = again.landmarks[:, side, 0] - (np.array(widths) - 1 - readings.landmarks[:, other, 0])
        assert (np.abs(apart) < 0.01 * eye_distances(readings.landmarks)).all()


def test_a_mirrored_picture_detected_anew_has_the_angles_mirrored(pictures, readings):
    mirrored = [np.ascontiguousarray(picture[:, ::-1]) for picture in pictures]
    again = read_faces(mirrored, largest_faces(mirrored))
    np.testing.assert_allclose(again.angles * [-1, 1, -1], readings.angles, atol=1.5)


@pytest.mark.parametrize("degrees", [-20.0, 15.0])
def test_a_turned_picture_is_read_back_as_roll(pictures, readings, degrees):
    turned = []
    for picture in pictures:
        height, width = picture.shape[:2]
        way = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -degrees, 1.0)
        turned.append(cv2.warpAffine(picture, way, (width, height), flags=cv2.INTER_CUBIC))
    again = read_faces(turned, largest_faces(turned))
    np.testing.assert_allclose(again.angles - readings.angles, [[0, 0, degrees]] * 5, atol=1.5)


def test_the_detectors_noise_hardly_counts(pictures, faces, readings):
    rng = np.random.default_rng(0)
    moved = [
        Face(
            face.box, face.landmarks + 0.02 * eye_distances(p[None])[0] * rng.normal(size=(5, 2)), face.score
        )
        for face, p in zip(faces, readings.landmarks, strict=True)
    ]
    again = read_faces(pictures, moved)
    assert np.abs(again.angles - readings.angles).mean(axis=0).max() < 0.3
    apart = np.linalg.norm(again.landmarks - readings.landmarks, axis=2).mean(axis=1)
    assert (apart < 0.006 * eye_distances(readings.landmarks)).all()  # one pass: up to 0.011
    assert np.abs(again.landmarks - readings.landmarks).max() > 0  # it was read anew


def test_no_faces_are_no_readings():
    readings = read_faces([], [])
    assert (readings.landmarks.shape, readings.angles.shape) == ((0, 68, 2), (0, 3))
    assert readings.expression.shape == (0, 7)


def test_what_cannot_be_read_is_refused(pictures, faces):
    with pytest.raises(ValueError, match="one face for each picture"):
        read_faces(pictures, faces[:1])
    with pytest.raises(ValueError, match="uint8"):
        read_faces([pictures[0].astype(np.float32)], faces[:1])
    with pytest.raises(ValueError, match="uint8"):
        read_faces([pictures[0][..., 0]], faces[:1])
