import numpy as np

from facedancer_tf.video.grouping import group_people


def embeddings(person: int, looks: int, noise: float, seed: int) -> np.ndarray:
    """The sum of a person's unit embeddings, of which each has its own noise."""
    random = np.random.default_rng(seed)
    vectors = noise * random.standard_normal((looks, 64)) / 8
    vectors[:, person] += 1
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).sum(axis=0)


def group(people: list[int], spans: list[tuple[int, int]], noise: float = 1.0) -> list[list[int]]:
    totals = np.stack([embeddings(person, 3, noise, seed) for seed, person in enumerate(people)])
    groups = group_people(totals, np.full(len(people), 3), np.array(spans))
    return sorted(sorted(members) for members in groups)


def test_tracklets_of_one_person_join_over_the_whole_film() -> None:
    spans = [(100 * number, 100 * number + 50) for number in range(7)]
    assert group([0, 1, 0, 2, 1, 0, 0], spans) == [[0, 2, 5, 6], [1, 4], [3]]


def test_who_is_there_at_once_is_not_one_person() -> None:
    assert group([0, 0], [(0, 10), (10, 20)]) == [[0], [1]]
    assert group([0, 0], [(0, 10), (11, 20)]) == [[0, 1]]


def test_a_group_keeps_apart_from_whoever_was_there_with_one_of_its_members() -> None:
    """A mirror: two alike, at once, and a third tracklet that is like both joins one of them only."""
    assert [len(members) for members in group([0, 0, 0], [(0, 10), (5, 15), (20, 30)])] in ([1, 2], [2, 1])


def test_the_same_scale_as_for_two_pictures_decides_however_many_looks_there_were() -> None:
    """Single embeddings with a cosine of 0.2 are of two people, also where noise is averaged out."""
    one, other = np.eye(64)[0], np.eye(64)[1]
    alike = 0.2 * one + np.sqrt(1 - 0.2**2) * other
    for looks in (1, 100):
        totals = np.stack([looks * one, looks * alike])
        assert len(group_people(totals, np.full(2, looks), np.array([[0, 1], [5, 6]]))) == 2


def test_nobody_and_one() -> None:
    assert group([3], [(0, 1)]) == [[0]]
    assert group_people(np.zeros((0, 64)), np.zeros(0), np.zeros((0, 2))) == []
