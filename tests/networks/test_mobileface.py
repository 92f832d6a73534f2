"""MobileFace gives the original graph's embeddings of real faces, within the rounding of its weights.

The golden file (`scripts/convert_mobileface.py --golden`) holds crops of the embedded photographs at half their size,
to be enlarged by repeating pixels, and the original's embeddings.
"""

from pathlib import Path

import numpy as np

from facedancer_tf.weights.identity_encoder import load_encoder
from networks.mobileface import build_mobileface


def test_embeddings_equal_the_original():
    with np.load(Path(__file__).parent / "mobileface_golden.npz", allow_pickle=False) as golden:
        crops = golden["half_crops"].repeat(2, axis=1).repeat(2, axis=2)
        expected = golden["embedding"]
    found = load_encoder("mobileface").embed_crops(crops)
    assert found.shape == expected.shape == (5, 256)
    error = np.linalg.norm(found - expected, axis=1) / np.linalg.norm(expected, axis=1)
    assert error.max() < 4e-2  # the dense kernel is int8
    directions = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    alike = directions @ directions.T
    assert np.max(alike - 2 * np.eye(5)) < 0.6  # five people, not one answer for all


def test_wiring():
    model = build_mobileface()
    assert [model.get_layer(f"stage{i}_out").output.shape[1:] for i in range(1, 5)] == [
        (28, 28, 32), (14, 14, 32), (7, 7, 64), (4, 4, 128),
    ]  # fmt: skip
    assert not model.trainable_variables
