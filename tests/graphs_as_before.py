"""TensorFlow's rewriting of graphs is a setting of the whole process: tests that turn it off give it back."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def graphs_as_before() -> Iterator[None]:
    """Gives the rewriting back that was on or off before the block."""
    import tensorflow as tf

    before = {"disable_meta_optimizer": False, **tf.config.optimizer.get_experimental_options()}
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options(before)
