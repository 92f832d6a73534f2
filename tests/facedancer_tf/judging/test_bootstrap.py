"""Compares bootstrap intervals with the standard error; the values of a group count as one."""

import numpy as np
import pytest

from facedancer_tf.judging import bootstrap
from facedancer_tf.judging.bootstrap import bootstrap_interval


def test_every_value_has_a_group():
    with pytest.raises(ValueError, match="as many as"):
        bootstrap_interval(np.array([1.0]), ["a", "b"], 0)


def test_interval_of_independent_values_is_that_of_the_standard_error():
    values = np.random.default_rng(1).normal(5, 2, 400)
    low, high = bootstrap_interval(values, [str(i) for i in range(400)], seed=0)
    wanted = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - wanted, abs=0.15 * wanted)
    assert high == pytest.approx(values.mean() + wanted, abs=0.15 * wanted)
    assert (low, high) == bootstrap_interval(values, [str(i) for i in range(400)], seed=0)
    assert (low, high) != bootstrap_interval(values, [str(i) for i in range(400)], seed=1)


def test_values_of_one_group_count_as_one():
    values = np.random.default_rng(1).normal(5, 2, 40)
    alone = bootstrap_interval(values, [str(i) for i in range(40)], seed=0)
    repeated = bootstrap_interval(values.repeat(10), [str(i // 10) for i in range(400)], seed=0)
    assert repeated == pytest.approx(alone)  # ten copies say no more than one


def test_few_draws_at_once_are_the_same_draws(monkeypatch):
    values, groups = np.random.default_rng(1).normal(5, 2, 40), [str(i) for i in range(40)]
    at_once = bootstrap_interval(values, groups, seed=0)
    monkeypatch.setattr(bootstrap, "DRAWN_AT_ONCE", 120)  # three draws, the last time one
    assert bootstrap_interval(values, groups, seed=0) == at_once
