"""Retrieval and likeness on embeddings written by hand."""

from pathlib import Path

import numpy as np
import pytest

from facedancer_tf.evaluation.identity import Gallery, identity_values
from facedancer_tf.evaluation.judges import DlibJudge
from facedancer_tf.evaluation.pairs import Pair, Photograph

PEOPLE = [Photograph(Path(f"{name}.png"), name[0]) for name in ("a1", "a2", "b1", "c1", "d1", "e1", "f1")]
EMBEDDINGS = np.eye(7)
PAIRS = [Pair(PEOPLE[0], PEOPLE[2])] * 4
SWAPPED = np.array(
    [
        EMBEDDINGS[1],  # another picture of the source: a hit
        EMBEDDINGS[2],  # the target
        0.6 * EMBEDDINGS[0] + 0.7 * EMBEDDINGS[3],  # nearest to somebody else, then to the source
        np.full(7, np.nan),  # lost
    ]
)


@pytest.fixture
def values() -> dict[str, np.ndarray]:
    gallery = Gallery(PEOPLE, EMBEDDINGS)
    return identity_values(DlibJudge(), PAIRS, gallery, EMBEDDINGS[[0] * 4], EMBEDDINGS[[2] * 4], SWAPPED)


def test_hits_are_by_person_and_a_lost_face_is_a_miss(values):
    assert values["retrieval_top1"].tolist() == [100.0, 0.0, 0.0, 0.0]
    assert values["retrieval_top5"].tolist() == [100.0, 100.0, 100.0, 0.0]


def test_nearer_compares_source_and_target(values):
    assert values["nearer_to_source"].tolist() == [0.0, 0.0, 100.0, 0.0]


def test_measures_are_distances_and_cosines(values):
    np.testing.assert_allclose(values["to_source"][:2], np.sqrt(2))
    np.testing.assert_allclose(values["to_target"][:2], [np.sqrt(2), 0.0])
    np.testing.assert_allclose(values["cosine_to_source"][2], 0.6 / np.hypot(0.6, 0.7))
    np.testing.assert_allclose(values["cosine_to_others"][2], 0.7 / np.hypot(0.6, 0.7) / 4)  # c, d, e, f
    assert all(np.isnan(values[name][3]) for name in values if name.startswith(("to_", "cosine_")))


def test_where_there_is_nobody_else_there_is_no_control():
    gallery = Gallery(PEOPLE[:3], EMBEDDINGS[:3])
    values = identity_values(DlibJudge(), PAIRS[:1], gallery, EMBEDDINGS[:1], EMBEDDINGS[2:3], SWAPPED[:1])
    assert np.isnan(values["cosine_to_others"]).all()
    assert np.isnan(values["retrieval_top5"]).all()  # among three, everybody is in the first five


def test_many_pairs_are_compared_in_blocks():
    """Every one of 600 pairs finds its own source, whatever block it is in."""
    people = [Photograph(Path(f"{i}.png"), str(i)) for i in range(600)]
    embeddings = np.random.default_rng(0).normal(size=(600, 8))
    pairs = [Pair(people[i], people[i - 1]) for i in range(600)]
    gallery = Gallery(people, embeddings)
    values = identity_values(
        DlibJudge(), pairs, gallery, embeddings, np.roll(embeddings, 1, axis=0), embeddings
    )
    assert (values["retrieval_top1"] == 100).all()
    assert np.isfinite(values["cosine_to_others"]).all()
