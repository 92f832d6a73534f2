"""The Keras models of landmarks and expression against face-api's own networks (JavaScript).

The golden file holds crops of the public-domain portraits in assets/pictures, at half their size, and the answers of
the npm package's code for them doubled; scripts/convert_face_api.py --golden makes it.
"""

from pathlib import Path

import numpy as np
import pytest

from facedancer_tf.judging.face_readings import load_face_expression, load_face_landmarks
from networks.face_feature_nets import EXPRESSIONS, SIZE_PX, build_face_expression, build_face_landmarks


@pytest.fixture(scope="module")
def golden():
    with np.load(Path(__file__).parent / "face_feature_golden.npz", allow_pickle=False) as archive:
        return dict(archive)


@pytest.fixture(scope="module")
def crops(golden):
    return golden["half_crops"].repeat(2, axis=1).repeat(2, axis=2).astype(np.float32)


def test_landmarks_equal_face_api(golden, crops):
    landmarks = np.asarray(load_face_landmarks()(crops))
    assert landmarks.shape == (5, 68, 2)
    np.testing.assert_allclose(landmarks, golden["landmarks"], atol=1e-6, rtol=0)
    assert np.ptp(golden["landmarks"], axis=0).max() > 0.02  # five faces, not one answer for all


def test_expressions_equal_face_api(golden, crops):
    expression = np.asarray(load_face_expression()(crops))
    assert expression.shape == (5, len(EXPRESSIONS))
    np.testing.assert_allclose(expression, golden["expression"], atol=1e-5, rtol=0)
    assert np.ptp(golden["expression"], axis=0).max() > 0.5


@pytest.mark.parametrize("build", [build_face_landmarks, build_face_expression])
def test_wiring(build):
    model = build()
    sizes = [model.get_layer(f"dense{i}_sum3").output.shape[1:] for i in range(4)]
    assert sizes == [(56, 56, 32), (28, 28, 64), (14, 14, 128), (7, 7, 256)]
    assert model.input_shape == (None, SIZE_PX, SIZE_PX, 3)
    assert model.trainable_weights == []
