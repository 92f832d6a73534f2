"""A head that is turned by given angles has these angles, whatever its place, size and tilt in the picture."""

import numpy as np
import pytest

from facedancer_tf.judging.head_pose import FOCAL, HEAD, POINTS, head_angles


def photograph(
    yaw: float, pitch: float, roll: float, size_px: float = 100.0, at: tuple[float, float] = (300.0, 200.0)
) -> np.ndarray:
    """68 landmarks of the model's head, seen from afar after turning it; those it does not have are nowhere near."""
    a, b, c = np.radians([roll, -yaw, -pitch])
    about_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(c), -np.sin(c)], [0, np.sin(c), np.cos(c)]])
    head = HEAD @ (about_z @ about_y @ about_x).T + [0, 0, FOCAL * 6]
    seen = head[:, :2] / head[:, 2:] * FOCAL * size_px
    landmarks = np.full((68, 2), 5000.0)
    landmarks[POINTS] = seen
    for start, corners in ((36, (36, 39)), (42, (42, 45))):
        landmarks[start : start + 6] = np.where(
            np.isin(np.arange(start, start + 6), corners)[:, None],
            landmarks[start : start + 6],
            landmarks[list(corners)].mean(axis=0),
        )
    return landmarks + at


@pytest.mark.parametrize(
    "angles", [(0, 0, 0), (25, 0, 0), (-25, 10, 0), (5, -20, 15), (-10, 5, -80), (40, 10, 170)]
)
def test_known_angles_are_read_back(angles):
    np.testing.assert_allclose(head_angles(photograph(*angles)), angles, atol=1.0)


def test_signs_are_the_pictures():
    frontal, turned = photograph(0, 0, 0), photograph(20, 0, 0)
    lip_moves = turned[57] - turned[POINTS].mean(axis=0) - (frontal[57] - frontal[POINTS].mean(axis=0))
    assert lip_moves[0] > 0  # the lips stand out from the head: they move to the right with the nose
    up = photograph(0, 20, 0)
    lip_moves = up[57] - up[36:48].mean(axis=0) - (frontal[57] - frontal[36:48].mean(axis=0))
    assert lip_moves[1] < 0  # a head that looks up shows its lips nearer to its eyes
    tilted = photograph(0, 0, 20)
    assert tilted[45, 1] > tilted[36, 1]  # clockwise: the eye on the right comes down


def test_place_and_size_do_not_count_and_tilt_is_roll_alone():
    landmarks = photograph(18, -7, 4)
    angles = head_angles(landmarks)
    np.testing.assert_allclose(head_angles(landmarks * 3.5 + [900, -40]), angles, atol=1e-3)
    cosine, sine = np.cos(np.radians(33)), np.sin(np.radians(33))
    turned = landmarks @ np.array([[cosine, sine], [-sine, cosine]])
    np.testing.assert_allclose(head_angles(turned) - angles, [0, 0, 33], atol=1e-3)


def test_what_is_no_face_is_refused():
    with pytest.raises(ValueError, match="68 finite points"):
        head_angles(np.zeros((5, 2)))
    with pytest.raises(ValueError, match="68 finite points"):
        head_angles(np.full((68, 2), np.nan))
    with pytest.raises(ValueError, match="coincide"):
        head_angles(np.ones((68, 2)))
