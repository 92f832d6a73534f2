"""A picture's swap says which faces did not become more like the source."""

import numpy as np

from facedancer_tf.swapping.picture_swap import Likeness


def test_each_face_whose_likeness_hardly_rose_is_named():
    likeness = Likeness([0, 2, 3], np.array([0.1, 0.1, 0.9]), np.array([0.5, 0.12, 0.85]))
    sentences = list(likeness.doubts())
    assert [sentence.split(" to the")[0] for sentence in sentences] == [
        "the likeness of face 2",
        "the likeness of face 3",
    ]
    assert "(0.10 -> 0.12)" in sentences[0]
