"""What is done to a film is what is measured: nothing, trembling, flicker, a lag, dropped frames, other people."""

import weakref
from collections.abc import Iterator
from fractions import Fraction

import cv2
import numpy as np
import pytest

from benchmarks.clips import crossing
from facedancer_tf.film_evaluation.measuring import measure_films
from facedancer_tf.film_evaluation.pairing import FramePair
from facedancer_tf.film_evaluation.person import Follower, choose_person
from facedancer_tf.film_evaluation.sightings import CHUNK, Sighting, sightings
from tests.facedancer_tf.film_evaluation.small_films import (
    METER,
    OTHER,
    SOURCE,
    TARGET,
    embedding_of,
    film,
    measured,
    pairs_of,
    with_face_of,
)

COUNT = 12


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    return list(film(COUNT).frames())


def shifted(frame: np.ndarray, x: float, y: float) -> np.ndarray:
    matrix = np.array([[1, 0, x], [0, 1, y]])
    return cv2.warpAffine(
        frame, matrix, frame.shape[1::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )


def brightened(frame: np.ndarray, gain: float) -> np.ndarray:
    return np.clip(np.rint(frame * gain), 0, 255).astype(np.uint8)


def test_an_untouched_copy_differs_in_nothing(frames):
    numbers, _ = measured(frames, [frame.copy() for frame in frames])
    for key in (
        "to_target", "pose", "expression", "shape", "switches", "lost", "jitter_added_px", "warping", "flicker",
        "pose_lag",
    ):  # fmt: skip
        assert numbers[key] == pytest.approx(0, abs=1e-7), key
    assert (numbers["jitter_ratio"], numbers["dropped"], numbers["with_person"]) == (1, 100, COUNT)


def test_trembling_of_one_pixel_is_measured_as_one_pixel(frames):
    moves = np.random.default_rng(0).normal(size=(COUNT, 2))
    numbers, _ = measured(frames, [shifted(frame, *move) for frame, move in zip(frames, moves, strict=True)])
    of_moves = np.sqrt((np.diff(moves, 2, axis=0) ** 2).sum(axis=1).mean() / 12)
    assert numbers["jitter_added_px"] == pytest.approx(of_moves, rel=0.15)
    assert numbers["jitter_ratio"] > 2
    assert numbers["warping"] > 1
    assert numbers["flicker"] < 0.5


def test_flicker_of_one_percent_is_seen_and_is_no_trembling(frames):
    gains = 1 + 0.01 * np.random.default_rng(1).normal(size=COUNT)
    flickering = [brightened(frame, gain) for frame, gain in zip(frames, gains, strict=True)]
    numbers, _ = measured(frames, flickering)
    of_gains = np.abs(np.diff(gains, 2)).mean()
    assert 80 * of_gains < numbers["flicker"] < 180 * of_gains  # a face has some 130 levels
    assert numbers["jitter_added_px"] < 0.3


def test_a_film_that_is_two_frames_late(frames):
    clip = list(film(26).frames())
    assert measured(clip[2:], clip[:-2])[0]["pose_lag"] == pytest.approx(2, abs=0.3)


def test_a_swap_and_what_drops_out_of_it(frames):
    swapped: list[np.ndarray | None] = list(with_face_of(film(COUNT), SOURCE).frames())
    numbers, _ = measured(frames, swapped)
    assert (numbers["dropped"], numbers["lost"], numbers["switches"]) == (0, 0, 0)
    assert numbers["to_source"] < 0.4 < 0.6 < numbers["to_person"]
    swapped[3] = frames[3]  # as it was
    swapped[6] = None  # no such frame
    swapped[9] = np.full_like(frames[9], 90)  # no face in it
    numbers, values = measured(frames, swapped)
    assert np.flatnonzero(values["dropped"]).tolist() == [3, 6, 9]
    assert np.flatnonzero(values["lost"]).tolist() == [6, 9]
    assert numbers["dropped"] == pytest.approx(100 * 3 / COUNT)
    assert numbers["lost"] == pytest.approx(100 * 2 / COUNT)


def test_a_film_in_which_all_faces_are_lost_has_few_numbers(frames):
    numbers, _ = measured(frames[:4], [np.full_like(frames[0], 90)] * 4)
    assert (numbers["lost"], numbers["dropped"], numbers["switches"]) == (100, 100, 0)
    for key in ("to_source", "to_source_worst", "pose", "pose_lag", "jitter_ratio", "jitter_added_px"):
        assert np.isnan(numbers[key]), key


def test_a_swapped_face_that_becomes_another_person(frames):
    half = COUNT // 2
    one, other = (list(with_face_of(film(COUNT), name).frames()) for name in (SOURCE, OTHER))
    numbers, values = measured(frames, one[:half] + other[half:])
    assert np.flatnonzero(values["switched"] == 1).tolist() == [half]
    assert numbers["switches"] == 1
    assert numbers["to_source_worst"] > 0.6 > numbers["to_source"] - numbers["to_source_std"]


def test_the_person_whose_face_changed_is_followed_past_another():
    clip = crossing(320, 180, 16)
    second = clip.actors[1]  # who passes in front
    pairs = pairs_of(clip.frames(), with_face_of(clip, OTHER).frames())
    person = choose_person(pairs[::4], METER.detector, METER.judge)
    assert METER.judge.compare(person[None], embedding_of(second.name)[None])[0, 0] < 0.5
    middles = clip.landmarks()[1].mean(axis=1)
    seen = [
        one for one in sightings(pairs, METER, Follower(person, METER.judge)) if isinstance(one, Sighting)
    ]
    assert len(seen) >= 14
    for one in seen:
        assert np.linalg.norm(one.face.landmarks.mean(axis=0) - middles[one.pair.number]) < 10


def test_frames_without_the_person_are_left_out(frames):
    empty = np.full_like(frames[0], 90)
    others = list(film(COUNT, OTHER).frames())
    target = [*frames[:4], empty, others[5], *frames[6:]]
    numbers, values = measured(target, target)
    assert np.flatnonzero(np.isnan(values["dropped"])).tolist() == [4, 5]
    assert numbers["with_person"] == COUNT - 2
    # Trembling is measured where three frames in a row show the face.
    assert np.flatnonzero(~np.isnan(values["jitter_added_px"])).tolist() == [2, 3, *range(8, COUNT)]
    assert np.flatnonzero(~np.isnan(values["warping"])).tolist() == [1, 2, 3, *range(7, COUNT)]


def test_no_more_than_a_few_frames_are_held_at_once():
    alive: list[weakref.ref] = []
    most = 0

    def counted() -> Iterator[FramePair]:
        nonlocal most
        for number, frame in enumerate(film(3 * CHUNK).frames()):
            alive.append(weakref.ref(frame))
            most = max(most, sum(one() is not None for one in alive))
            yield FramePair(number, Fraction(number), frame, frame)
            del frame

    values = measure_films(counted(), embedding_of(SOURCE), embedding_of(TARGET), METER)
    assert len(values["frame"]) == 3 * CHUNK
    assert most <= CHUNK + 4  # those that are read, and a few before them
