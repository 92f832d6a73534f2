"""Occluders are where their mask says, nowhere else, and the same for the same seed."""

import numpy as np
import pytest

from data.faces.detection import build_detector
from facedancer_tf.evaluation.occluders import KINDS, draw_occluder, occlude


@pytest.mark.parametrize("kind", KINDS)
def test_the_mask_is_where_the_picture_changed(grace, kind):
    face = build_detector().detect(grace)[0]
    occluded, mask = occlude(grace, face.landmarks, kind, [1, 2])
    assert mask.shape == grace.shape[:2]
    assert (occluded[mask == 0] == grace[mask == 0]).all()
    assert (occluded[mask > 0.99] != grace[mask > 0.99]).any(axis=-1).mean() > 0.9
    again, _ = occlude(grace, face.landmarks, kind, [1, 2])
    assert (again == occluded).all()
    other, _ = occlude(grace, face.landmarks, kind, [1, 3])
    assert (other != occluded).any()


def test_it_covers_a_part_of_the_face():
    for kind in KINDS:
        covered = [draw_occluder(kind, np.random.default_rng(seed))[1].mean() for seed in range(20)]
        assert min(covered) > 0.02, kind
        assert max(covered) < 0.4, kind


def test_another_kind_is_refused(grace):
    with pytest.raises(ValueError, match="`kind` must be one of"):
        occlude(grace, np.zeros((5, 2)), "cat", 0)
