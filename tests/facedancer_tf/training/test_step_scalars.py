"""Tests that every step's scalars are checked with one reading, and logged as means over the steps that had them."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from facedancer_tf.errors import UserError
from facedancer_tf.training.step_scalars import StepScalars


def scalars(**values: float) -> dict[str, tf.Tensor]:
    return {name: tf.constant(value) for name, value in values.items()}


def test_what_is_taken_are_means_over_the_steps_that_had_the_term():
    collected = StepScalars()
    collected.add(scalars(identity=1.0, r1=5.0), 1)
    collected.add(scalars(identity=2.0), 2)
    collected.add(scalars(identity=6.0), 3)
    means, steps_per_s = collected.take_means()
    assert means == {"identity": 3.0, "r1": 5.0}
    assert steps_per_s > 0
    collected.add(scalars(identity=4.0), 4)
    assert collected.take_means()[0] == {"identity": 4.0}


def test_what_is_not_finite_is_named_with_its_step_when_the_next_is_on_its_way():
    collected = StepScalars()
    collected.add(scalars(identity=0.5, ifsr=np.nan, generator_total=np.nan), 7)
    with pytest.raises(
        UserError, match=r"'ifsr' is not finite at step 7 \(not finite: ifsr, generator_total\)"
    ):
        collected.add(scalars(identity=0.5), 8)
    collected = StepScalars()
    collected.add(scalars(identity=np.inf), 8)
    with pytest.raises(UserError, match="'identity' is not finite at step 8"):
        collected.settle()


def test_a_step_is_read_once(monkeypatch):
    read: list[str] = []
    kind = type(tf.constant(0.0))

    def counted(name: str) -> None:
        reader = getattr(kind, name)

        def noting(tensor: tf.Tensor) -> Any:
            read.append(name)
            return reader(tensor)

        monkeypatch.setattr(kind, name, noting)

    counted("numpy")
    counted("__float__")
    collected = StepScalars()
    for step in range(5):
        collected.add(scalars(identity=0.5, ifsr=1.0, r1=2.0), step)
    collected.take_means()
    assert read == ["numpy"] * 5
