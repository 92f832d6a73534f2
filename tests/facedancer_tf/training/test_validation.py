"""Tests that held-out figures are what their names say, computed once more by hand."""

import numpy as np
import pytest
import tensorflow as tf

from facedancer_tf.training.validation import Validation, doubt
from tests.facedancer_tf.training.small_training import SMALL, batch_of, tiny_models


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(
        np.mean(np.sum(one * other, 1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1))
    )


def test_figures_are_those_of_swaps_and_self_swaps_in_their_range(face_crops):
    models = tiny_models(SMALL)
    batch = batch_of(face_crops, [0, 1, 2, 3], [1, 2, 3, 4])
    figures = Validation(models, tf.data.Dataset.from_tensors(batch)).scalars()

    def embed(pictures) -> np.ndarray:
        return models.faces(pictures)["embedding"].numpy()

    def swap(identity: np.ndarray) -> np.ndarray:
        return np.clip(models.averaged([batch["target"], tf.constant(identity)]).numpy(), -1, 1)

    source, target = embed(batch["source"]), embed(batch["target"])
    swapped, errors = embed(swap(source)), swap(target) - batch["target"].numpy()
    assert figures["similarity_to_source"] == pytest.approx(cosine(source, swapped), abs=1e-4)
    assert figures["similarity_to_target"] == pytest.approx(cosine(target, swapped), abs=1e-4)
    assert figures["source_to_target"] == pytest.approx(cosine(source, target), abs=1e-4)
    assert len({round(figures[name], 3) for name in figures}) == 4  # or an exchange would not show
    # pictures in [-1, 1]: the peak is 2
    psnr = np.mean([10 * np.log10(4 / np.mean(np.square(error))) for error in errors])
    assert figures["self_swap_psnr_db"] == pytest.approx(psnr, abs=0.01)


def test_figures_of_one_person_are_doubted():
    assert doubt({"source_to_target": 0.21}) is None
    assert "cosine 0.83" in str(doubt({"source_to_target": 0.83}))
