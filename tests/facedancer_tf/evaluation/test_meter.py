"""Faces are found again where they were; faces that cannot be found or read are lost."""

import cv2
import numpy as np
import pytest

from data.faces.detection import build_detector
from data.faces.face import Face
from data.pictures import read_picture
from facedancer_tf.evaluation.judges import DlibJudge
from facedancer_tf.evaluation.meter import Meter, overlap
from facedancer_tf.evaluation.pairs import bundled_photographs
from facedancer_tf.evaluation.portrait_set import find_portraits
from facedancer_tf.judging import face_readings
from tests.facedancer_tf.evaluation.blind_detector import BlindTo


def test_overlap_of_boxes():
    points = np.zeros((5, 2), np.float32)
    one, other = Face((0.0, 0.0, 10.0, 10.0), points, 1.0), Face((5.0, 0.0, 10.0, 10.0), points, 1.0)
    assert overlap(one, one) == 1.0
    assert overlap(one, other) == pytest.approx(1 / 3)
    assert overlap(one, Face((20.0, 0.0, 5.0, 5.0), points, 1.0)) == 0.0


def test_a_face_elsewhere_is_not_the_one_that_was_swapped(grace):
    detector = build_detector()
    face = detector.detect(grace)[0]
    x, y, width, height = (round(value) for value in face.box)
    painted = grace.copy()
    painted[y : y + height, x : x + width] = 128
    read = Meter(DlibJudge(), detector).read([grace, painted], [face, face])
    assert read.has_face.tolist() == [True, False]
    assert np.isnan(read.angles[1]).all()
    assert np.isfinite(read.angles[0]).all()


@pytest.mark.parametrize("error", [None, cv2.error("a size that it does not take")])
def test_a_detector_that_fails_is_a_face_that_is_lost(grace, error):
    face = build_detector().detect(grace)[0]
    dark = grace // 20
    meter = Meter(DlibJudge(), BlindTo(lambda picture: picture.max() < 50, error))
    read = meter.read([dark, grace], [face, face])
    assert read.has_face.tolist() == [False, True]
    assert np.isnan(read.landmarks[0]).all()


def test_a_photograph_that_the_detector_fails_on_is_unusable():
    people = bundled_photographs()[:2]
    first = read_picture(people[0].path).rgb
    detector = BlindTo(
        lambda picture: picture.shape == first.shape and (picture == first).all(), cv2.error("no")
    )
    portraits = find_portraits(people, detector)
    assert portraits.unusable == {people[0].path: "detector failed"}
    assert list(portraits.faces) == [people[1].path]


def test_a_face_that_cannot_be_read_is_lost_and_the_others_are_not(grace, barack, monkeypatch):
    """Landmarks in one point have no angles. They must not end the evaluation or change other faces' readings."""
    faces = [build_detector().detect(picture)[0] for picture in (grace, barack)]
    meter = Meter(DlibJudge(), build_detector())
    before = meter.read([grace, barack], faces)
    angles = face_readings.head_angles

    def fails_on_barack(points):
        if np.abs(points - before.landmarks[1]).max() < 1:
            raise ValueError("`landmarks` must not all coincide")
        return angles(points)

    monkeypatch.setattr(face_readings, "head_angles", fails_on_barack)
    read = meter.read([grace, barack], faces)
    assert read.has_face.tolist() == [True, False]
    assert np.isnan(read.landmarks[1]).all()
    np.testing.assert_allclose(read.angles[0], before.angles[0], atol=1e-2)
