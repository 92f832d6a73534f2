"""The face mesh gives TensorFlow Lite's points and scores on real faces, within rounding.

The golden file (`scripts/convert_face_mesh.py --golden`) holds small crops of the embedded photographs and one of
noise, to be enlarged by repeating pixels, and TensorFlow Lite's answers.
"""

from pathlib import Path

import numpy as np
import pytest

from facedancer_tf.weights.embedded import ASSETS, read_embedded_weights
from facedancer_tf.weights.face_mesh import face_mesh_weights, load_face_mesh
from networks.face_mesh import SIZE_PX, build_face_mesh


@pytest.fixture(scope="module")
def golden():
    with np.load(Path(__file__).parent / "face_mesh_golden.npz", allow_pickle=False) as archive:
        return dict(archive)


@pytest.fixture(scope="module")
def crops(golden):
    return golden["small_crops"].repeat(4, axis=1).repeat(4, axis=2).astype(np.float32) / 255


def test_points_and_scores_equal_tensorflow_lite(golden, crops):
    points, scores = (np.asarray(answer) for answer in load_face_mesh()(crops))
    assert points.shape == (6, 468, 3)
    np.testing.assert_allclose(points, golden["points"], atol=1e-3, rtol=0)
    np.testing.assert_allclose(scores, 1 / (1 + np.exp(-golden["score_logits"])), atol=1e-5, rtol=0)
    assert np.ptp(golden["points"][:5], axis=0).max() > 5  # five faces, not one answer for all
    assert scores[:5].min() > 0.9
    assert scores[5] < 0.1  # the last crop is noise


def test_wiring():
    model = build_face_mesh()
    sizes = [model.get_layer(f"stage{i}_block2_out").output.shape[1:] for i in range(1, 6)]
    assert sizes == [(96, 96, 16), (48, 48, 32), (24, 24, 64), (12, 12, 128), (6, 6, 128)]
    assert model.input_shape == (None, SIZE_PX, SIZE_PX, 3)
    assert model.trainable_weights == []


def test_every_array_of_the_file_is_used():
    archive = read_embedded_weights(ASSETS / "face_mesh")
    used = set()

    class Watched(dict):
        def __getitem__(self, name):
            used.add(name)
            return super().__getitem__(name)

    face_mesh_weights(Watched(archive))
    assert used == set(archive)
