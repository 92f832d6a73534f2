"""What a tracklet keeps, and when it doubts its face; readings are of one square face."""

import numpy as np

from facedancer_tf.video.readings import Reading
from facedancer_tf.video.tracklet import Tracklet, change_point, shows_till

SELF, STRANGER = np.eye(4, dtype=np.float32)[:2]


def reading(x: float) -> Reading:
    points = np.random.default_rng(0).uniform(20, 80, (468, 3)).astype(np.float32)
    points[:, 0] += x
    return Reading(points, 1.0, np.zeros((100, 100, 3), np.uint8), np.zeros(2, np.float32), np.ones(2))


def tracklet(frames: int) -> Tracklet:
    track = Tracklet(at_start=True)
    for frame in range(frames):
        track.add(frame, reading(frame), 16)
    return track


def test_it_keeps_plain_numbers_of_every_frame() -> None:
    track = tracklet(5)
    assert track.points.shape == (5, 41, 2)
    np.testing.assert_array_equal(track.points[3, :5], reading(3).five)
    np.testing.assert_array_equal(track.points[3, 5:], reading(3).outline)
    middle, size = track.middle_at(3)  # type: ignore[misc]
    assert np.linalg.norm(middle - reading(3).middle) < 5
    assert 40 < size < 70
    assert track.middle_at(5) is None


def test_a_stranger_raises_a_doubt_only_once_the_face_is_known() -> None:
    track = tracklet(3)
    track.compare(0, SELF)
    track.compare(1, SELF)
    track.compare(2, STRANGER)
    assert (track.looks, track.doubted_since) == (2, 2)
    np.testing.assert_array_equal(track.likeness(np.stack([SELF, STRANGER])), [1, 0])
    track.compare(3, SELF)
    assert (track.looks, track.doubted_since, len(track.kept)) == (3, None, 0)


def test_split_takes_the_tail_away() -> None:
    track = tracklet(6)
    whole = track.points
    tail = track.split(4)
    assert (list(track.frames), list(tail.frames)) == ([0, 1, 2, 3], [4, 5])
    np.testing.assert_array_equal(np.concatenate([track.points, tail.points]), whole)
    assert tail.last is not None


def test_change_point_is_where_another_face_explains_more() -> None:
    assert change_point(np.array([0.9, 0.8, 0.7, 0.0, 0.1]), np.array([0.0, 0.1, 0.2, 0.9, 0.8])) == 3
    assert change_point(np.array([0.9, 0.0]), np.array([0.0, 0.9])) == 1
    assert change_point(np.array([0.9, 0.8]), np.array([0.0, 0.1])) is None


def test_a_head_that_turns_away_is_no_other_face() -> None:
    away = np.linspace(0.9, 0.05, 18)
    assert change_point(away, 1 - away) is None


def test_the_last_readings_of_a_lost_face_count_till_it_was_known() -> None:
    assert shows_till(np.array([0.8, 0.1, 0.6, 0.2, 0.1])) == 3
    assert shows_till(np.array([0.1, 0.2])) == 0
    assert shows_till(np.array([])) == 0


def test_a_face_is_expected_where_it_goes_on() -> None:
    track = Tracklet(at_start=True)
    assert track.expected is None
    for frame, x in ((0, 10.0), (1, 13.0), (5, 20.0)):
        read = reading(x)
        track.last = read  # as the tracker does where the detector looked
        track.add(frame, read, 16)
        if frame == 1:
            assert track.expected is not None
            np.testing.assert_allclose(track.expected[:, 0], read.points[:, 0] + 3)
            np.testing.assert_allclose(track.expected[:, 1:], read.points[:, 1:])
    assert track.expected is not None
    np.testing.assert_allclose(track.expected, read.points)  # after a gap its speed is not known
