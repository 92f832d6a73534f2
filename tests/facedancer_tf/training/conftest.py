"""Gives the tests of training a small encoder: a step with SFace takes five times as long to build."""

from collections.abc import Iterator

import pytest

from facedancer_tf.training import models
from tests.stub_encoder import stub_encoder


@pytest.fixture(scope="module", autouse=True)
def small_encoder() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(models, "load_needed_encoder", lambda *_: stub_encoder())
        yield
