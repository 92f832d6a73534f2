"""Tests looks and drawn people with a generator that makes styles only, so without the packages."""

import numpy as np
import pytest

from data.preparing.face_generator import FaceGenerator
from data.preparing.looks import AS_DRAWN, draw_look, load_looks, parse_shares
from data.preparing.people import draw_person

LOOKS = load_looks()


class StylesOnly(FaceGenerator):
    """Draws styles without the network and makes no pictures; `with_age` only notes the years."""

    def __init__(self) -> None:
        self.mean = np.full(512, 0.2, np.float32)
        self.yaw, self.pitch, self.smile = np.eye(3, 512, dtype=np.float32)
        self.years: list[float] = []

    def draw_style(self, rng: np.random.Generator, variety: float) -> np.ndarray:
        return self.mean + np.float32(0.05 * variety) * rng.standard_normal(512).astype(np.float32)

    def with_age(self, style: np.ndarray, years: float) -> np.ndarray:
        self.years.append(years)
        return style


def read(look: str, style: np.ndarray, mean: np.ndarray) -> float:
    return float((style - mean) @ LOOKS[look].reader) + LOOKS[look].reader_bias


@pytest.mark.parametrize("name", LOOKS)
def test_a_style_reads_the_score_that_it_was_given(name: str) -> None:
    mean = np.full(512, 0.2, np.float32)
    style = mean + np.random.default_rng(0).standard_normal(512).astype(np.float32)
    given = LOOKS[name].give(style, mean, 0.5)
    assert given.dtype == np.float32
    assert read(name, given, mean) == pytest.approx(0.5, abs=0.02)
    np.testing.assert_allclose(LOOKS[name].give(given, mean, 0.5), given, atol=0.02)
    # The network's mean face is far from the look, or drawing along it would be useless.
    assert read(name, mean, mean) < LOOKS[name].natural_scores[0] < LOOKS[name].natural_scores[1]


def test_the_score_of_a_picture_ignores_the_embedding_s_length_and_a_missing_tone() -> None:
    look = LOOKS["african"]
    embedding = look.scorer / np.linalg.norm(look.scorer)
    by_hand = float(np.linalg.norm(look.scorer)) + look.scorer_skin * 1.0 + look.scorer_bias
    assert look.score(embedding, -40.0) == pytest.approx(by_hand, abs=1e-3)
    assert look.score(7 * embedding, -40.0) == pytest.approx(by_hand, abs=1e-3)
    assert look.score(embedding, float("nan")) == look.score(embedding, 0.0)
    assert look.score(embedding, 60.0) == look.score(embedding, 90.0) < look.score(embedding, -90.0)


def test_shares_by_default_draw_all_looks_equally() -> None:
    shares = parse_shares(None)
    assert list(shares) == [AS_DRAWN, *LOOKS]
    rng = np.random.default_rng(1)
    drawn = [draw_look(rng, shares) for _ in range(2000)]
    for name in shares:
        assert drawn.count(name) / 2000 == pytest.approx(1 / len(shares), abs=0.04)
    mixed = [draw_look(rng, parse_shares("african=3,as_drawn=1")) for _ in range(2000)]
    assert mixed.count("african") / 2000 == pytest.approx(0.75, abs=0.04)
    assert mixed.count("african") + mixed.count(AS_DRAWN) == 2000


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("elvish=1", "of as_drawn, african.* Received: elvish"),
        ("african=1,african=2", "each look once"),
        ("african", "a positive share, like african=1. Received: african$"),
        ("african=0", "a positive share"),
        ("african=inf", "a positive share"),
        ("african=nan", "a positive share"),
        ("", "must name each look"),
    ],
)
def test_shares_that_say_nothing_are_refused(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse_shares(text)


def test_people_follow_from_seed_and_number_and_have_scores_in_the_natural_range() -> None:
    generator, shares = StylesOnly(), parse_shares(None)
    people = [draw_person(generator, LOOKS, shares, 4, i) for i in range(60)]
    again = draw_person(generator, LOOKS, shares, 4, 59)
    assert again.look == people[59].look
    for view, same_view in zip(again.views, people[59].views, strict=True):
        np.testing.assert_array_equal(view, same_view)
    assert {person.look for person in people} == set(shares)
    assert 2 <= sum(person.keeps_dark_glasses for person in people) <= 25
    assert 25 <= min(generator.years) < 32
    assert 68 < max(generator.years) <= 75
    for person in people:
        if person.look != AS_DRAWN:
            low, high = LOOKS[person.look].natural_scores
            assert low - 0.02 <= read(person.look, person.views[0][0], generator.mean) <= high + 0.02


def test_other_light_does_not_change_the_look() -> None:
    generator = StylesOnly()
    person = draw_person(generator, LOOKS, {"african": 1.0}, 4, 0)
    first = read("african", person.views[0][2], generator.mean)
    for view in person.views[3:]:
        assert np.abs(view[2] - person.views[0][2]).max() > 0.01
        assert read("african", view[2], generator.mean) == pytest.approx(first, abs=0.02)
