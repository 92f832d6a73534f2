"""The judge's Keras model against face-api's own network (JavaScript), and the judge at work on real faces.

The golden file holds crops of the public-domain portraits in assets/pictures and the answer of the npm package's code
for them; scripts/convert_face_api.py --golden makes it.
"""

from pathlib import Path

import numpy as np
import pytest

from data.faces.detection import build_detector
from data.pictures import read_picture
from facedancer_tf.judging.dlib_recogniser import align_for_judge, embed_judge_crops
from networks.dlib_resnet import BLOCKS, build_dlib_resnet

SAME_PERSON_DISTANCE = 0.6  # dlib's own threshold on the euclidean distance
PICTURES = Path(__file__).resolve().parents[2] / "assets" / "pictures"


@pytest.fixture(scope="module")
def golden():
    with np.load(Path(__file__).parent / "dlib_golden.npz", allow_pickle=False) as archive:
        return dict(archive)


def test_embeddings_equal_face_api(golden):
    embedding = embed_judge_crops(golden["crops"])
    assert embedding.shape == (5, 128)
    np.testing.assert_allclose(embedding, golden["embedding"], atol=1e-5, rtol=0)


def test_wiring():
    model = build_dlib_resnet()
    sizes = [model.get_layer(f"{block}_out").output.shape[1:] for block, _, _ in BLOCKS]
    assert sizes[0] == (35, 35, 32)
    assert sizes[3] == (17, 17, 64)
    assert sizes[7] == (8, 8, 128)
    assert sizes[10] == (4, 4, 256)
    assert sizes[13] == (2, 2, 256)
    assert model.trainable_weights == []


def test_different_people_are_further_than_the_threshold(golden):
    embeddings = golden["embedding"]
    distances = [np.linalg.norm(a - b) for i, a in enumerate(embeddings) for b in embeddings[:i]]
    assert min(distances) > SAME_PERSON_DISTANCE


def embed(picture: np.ndarray) -> np.ndarray:
    return embed_judge_crops(align_for_judge(picture, build_detector().detect(picture)[0])[None])[0]


def test_the_same_photograph_turned_and_shrunk_stays_the_same_person():
    picture = read_picture(PICTURES / "grace_hopper.jpg").rgb
    one = embed(picture)
    small = embed(np.ascontiguousarray(picture[::2, ::2][:, ::-1]))  # half the size, mirrored
    assert one.shape == (128,)
    assert np.linalg.norm(one - small) < SAME_PERSON_DISTANCE
    other = embed(read_picture(PICTURES / "barack_obama.jpg").rgb)
    assert np.linalg.norm(one - other) > SAME_PERSON_DISTANCE
