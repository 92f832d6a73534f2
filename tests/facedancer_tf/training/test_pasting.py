"""Tests the pasted face that the encoder sees."""

import numpy as np
import pytest
import tensorflow as tf

from facedancer_tf.swapping.paste import paste_into
from facedancer_tf.training.pasting import keep_occluder, paste_back


@pytest.mark.parametrize("shrink", [1.0, 0.8])
def test_the_encoder_sees_what_a_paste_into_the_crop_itself_gives(face_crops, shrink):
    swapped, target = (face_crops[i : i + 1].astype("float32") for i in (0, 1))
    expected = face_crops[1].copy()
    paste_into(expected, face_crops[0], np.eye(2, 3), shrink)
    seen = paste_back(tf.constant(swapped), tf.constant(target), shrink).numpy()[0]
    np.testing.assert_allclose(seen, expected, atol=0.51)
    assert (seen == target[0]).all(axis=-1).mean() > 0.3


def test_the_rim_that_no_paste_takes_gets_no_gradient_from_the_encoder(face_crops):
    target = tf.constant(face_crops[:1], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(target)
        seen = paste_back(target, tf.stop_gradient(target), 1.0)
    gradient = tape.gradient(seen, target).numpy()[0, ..., 0]
    middle = len(gradient) // 2
    assert gradient[middle, middle] == 1.0
    assert not gradient[0].any()
    assert not gradient[:, 0].any()


def test_the_encoder_sees_the_targets_own_occluder_and_asks_nothing_of_the_generator_there(face_crops):
    swapped, target = (tf.constant(face_crops[i : i + 1], tf.float32) for i in (0, 1))
    occluder = np.zeros((1, *face_crops.shape[1:3], 1), np.float32)
    occluder[:, :20] = 1.0
    with tf.GradientTape() as tape:
        tape.watch(swapped)
        seen = keep_occluder(swapped, target, tf.constant(occluder))
    np.testing.assert_array_equal(seen[:, :20], target[:, :20])
    np.testing.assert_array_equal(seen[:, 20:], swapped[:, 20:])
    gradient = tape.gradient(seen, swapped).numpy()
    assert not gradient[:, :20].any()
    assert (gradient[:, 20:] == 1.0).all()
