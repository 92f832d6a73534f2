"""Reading the head of a TensorFlow ArcFace off its graph: what stands between ResNet-50 and the embedding."""

from facedancer_tf.graphs.graph import Graph, GraphError
from networks.arcface_resnet50 import HEAD_LAYERS


def read_head(graph: Graph) -> tuple[str, ...]:
    """`build_arcface_resnet50`'s `head` for the network in `graph`; raises GraphError where it has another kind."""
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
