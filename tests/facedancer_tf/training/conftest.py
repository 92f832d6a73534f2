"""Makes the tests of training quick: a small encoder, and graphs that run as they are written.

A step with SFace takes five times as long to build, and rewriting a step's graph a third of the time of all.
test_train.py trains with both, as a process.
"""

from collections.abc import Iterator

import pytest

from facedancer_tf.plain_graphs import run_graphs_as_they_are
from facedancer_tf.training import models
from tests.graphs_as_before import graphs_as_before
from tests.stub_encoder import stub_encoder


@pytest.fixture(scope="module", autouse=True)
def small_encoder() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(models, "load_needed_encoder", lambda *_: stub_encoder())
        yield


@pytest.fixture(scope="module", autouse=True)
def plain_graphs() -> Iterator[None]:
    with graphs_as_before():
        run_graphs_as_they_are()
        yield
