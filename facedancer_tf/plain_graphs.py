"""Makes TensorFlow run graphs as they are written, without rewriting them first."""


def run_graphs_as_they_are() -> None:
    """Turns rewriting off, for all graphs of this process that have not run yet.

    Rewriting a graph that runs once takes longer than it saves and moves some pixels by one grey level. On face-api's
    networks it fails, with an error message but without harm.
    """
    import tensorflow as tf

    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
