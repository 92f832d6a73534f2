"""Running graphs as they are written, without TensorFlow's rewriting them first."""


def run_graphs_as_they_are() -> None:
    """For all graphs of this process that have not run yet.

    Rewriting a graph that runs once takes longer than it saves, moves some pixels by one grey level, and fails aloud,
    though harmlessly, on face-api's networks.
    """
    import tensorflow as tf

    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
