"""Reads the head of a TensorFlow ArcFace from its graph: the layers between ResNet-50 and the embedding."""

from facedancer_tf.graphs.graph import Graph, GraphError
from networks.arcface_resnet50 import HEAD_LAYERS


def read_head(graph: Graph) -> tuple[str, ...]:
    """The argument `head` of `build_arcface_resnet50` for the network in `graph`; raises GraphError for other heads."""
    kinds = []
    node = graph.output
    while node.op in HEAD_LAYERS:
        kinds.append(node.op)
        node = node.inputs[0]
    if "dense" not in kinds:
        raise GraphError(
            f"its embedding ends in {node.name!r}, a {node.op}, not in a dense layer or its batch norm"
        )
    return tuple(reversed(kinds))
