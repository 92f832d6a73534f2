from pathlib import Path

import numpy as np
import pytest

from facedancer_tf.errors import UserError
from facedancer_tf.video.casting import Position, Whom, Wish, resolve
from tests.facedancer_tf.video.people_for_tests import make_people, track

ANNA, BEN = (Path("anna.jpg"),), (Path("ben.jpg"),)
PEOPLE = make_people([track(0, 99)], [track(20, 40, x=300)], [track(60, 80, x=300)])
PICTURES = {"second.jpg": np.eye(8)[1] * 9, "nobody.jpg": np.eye(8)[7] + 0.2 * np.eye(8)[2]}


def embed(path: Path) -> np.ndarray:
    return PICTURES[path.name]


@pytest.mark.parametrize(
    ("whom", "numbers"),
    [
        ("largest", [0]),
        ("all", [0, 1, 2]),
        (2, [2]),
        (Path("second.jpg"), [1]),
        (Position(300, 105, 3.0), [1]),
        (Position(300, 105, 7.0), [2]),
    ],
)
def test_whom(whom: Whom, numbers: list[int]) -> None:
    assert resolve([Wish(ANNA, whom)], PEOPLE, embed) == dict.fromkeys(numbers, 0)


def test_a_position_is_one_of_the_displayed_film() -> None:
    """Stored (100, 100) of 640 × 360 px, turned by 90° counter-clockwise, is displayed at (100, 539)."""
    people = make_people([track(0, 9)], rotation=90)
    assert resolve([Wish(ANNA, Position(100, 539, 0.5))], people, embed) == {0: 0}
    with pytest.raises(UserError, match="no face at"):
        resolve([Wish(ANNA, Position(100, 100, 0.5))], people, embed)


def test_several_sources() -> None:
    wishes = [Wish(ANNA, 2), Wish(BEN), Wish(ANNA, Path("second.jpg"))]
    assert resolve(wishes, PEOPLE, embed) == {2: 0, 0: 1, 1: 2}


@pytest.mark.parametrize(
    ("wishes", "sentence"),
    [
        ([Wish(ANNA, 3)], "there is no person 3 in the film, but persons 0 to 2"),
        ([Wish(ANNA, -1)], "there is no person -1"),
        (
            [Wish(ANNA, Path("nobody.jpg"))],
            r"resembles the face in nobody.jpg; the most alike is person 2, .* 0.20",
        ),
        (
            [Wish(ANNA, Position(500, 100, 3.0))],
            r"at 0:03.0 there is no face at \(500, 100\), only of person 0, person 1",
        ),
        ([Wish(ANNA, Position(300, 100, 11.0))], "the film is shown from 0:00.0 to 0:10.0, not at 0:11.0"),
        ([Wish(ANNA), Wish(BEN, 0)], "person 0 can get one source only, not both anna.jpg and ben.jpg"),
        ([Wish(ANNA, "all"), Wish(BEN, 1)], "person 1 can get one source only"),
    ],
)
def test_impossible_casts(wishes: list[Wish], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        resolve(wishes, PEOPLE, embed)


def test_nobody_in_the_film() -> None:
    with pytest.raises(UserError, match=r"nobody whose face could be swapped.*0:01.0") as raised:
        resolve([Wish(ANNA)], make_people(), embed)
    assert raised.value.code == "no_face"
