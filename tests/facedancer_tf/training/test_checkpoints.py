"""Tests that old checkpoints, which have no number for the order of pictures, go on and are recognised as old."""

from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from data.stream import ORDER_VERSION
from facedancer_tf.training.checkpoints import RunState


def small_state(folder) -> Any:
    """A state of three networks of one layer, with other random weights at every call."""
    networks = {name: keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
                for name in ("generator", "averaged", "discriminator")}  # fmt: skip
    one, other = keras.optimizers.SGD(), keras.optimizers.SGD()
    one.build(networks["generator"].trainable_variables)
    other.build(networks["discriminator"].trainable_variables)
    return RunState(SimpleNamespace(**networks), one, other, folder, keep=2)  # type: ignore[arg-type]


def test_order_is_kept_and_1_where_nothing_says_it(tmp_path):
    begun = small_state(tmp_path / "now")
    begun.next_sample.assign(12)
    begun.save()
    resumed = small_state(tmp_path / "now")
    assert resumed.restore()
    assert int(resumed.order) == ORDER_VERSION == 2
    before = tf.train.Checkpoint(**begun.parts_of_first_order)
    tf.train.CheckpointManager(before, str(tmp_path / "before"), max_to_keep=1).save()
    resumed = small_state(tmp_path / "before")
    assert resumed.restore()
    assert int(resumed.order) == 1
    for one, other in zip(resumed.variables(), begun.variables(), strict=True):
        if other is not begun.order:
            np.testing.assert_array_equal(one.numpy(), other.numpy())
