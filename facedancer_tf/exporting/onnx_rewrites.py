"""Rewrites a graph so that it computes the same with less work, by exact algebra; other runtimes would not do this.

Average pooling and the convolution before it may be exchanged: on a moving average of the zero-padded map, a
convolution with stride 2 computes only the places that pooling would keep. Bilinear upsampling is linear: a sum is
upsampled once.
"""

from dataclasses import replace

from facedancer_tf.graphs.graph import Graph, Node


def with_less_work(graph: Graph) -> Graph:
    """Rewrites `graph` in place where possible; all other nodes stay as they are."""
    readers = graph.consumers()
    replaced: dict[int, Node] = {}
    for node in graph.nodes():  # inputs first: what a node reads is rewritten before the node itself
        node.inputs = [replaced.get(id(parent), parent) for parent in node.inputs]
        replaced[id(node)] = _rewrite(node, readers)
    graph.output = replaced[id(graph.output)]
    return graph


def _rewrite(node: Node, readers: dict[int, list[Node]]) -> Node:
    def only_read_here(parent: Node) -> bool:
        return len(readers.get(id(parent), [])) == 1

    if node.op == "avg_pool" and node.inputs[0].op == "conv" and only_read_here(node.inputs[0]):
        return _fold_pooling(node, node.inputs[0])
    if node.op == "add" and all(parent.op == "upsample" and only_read_here(parent) for parent in node.inputs):
        upsample = node.inputs[0]
        total = replace(node, inputs=[parent.inputs[0] for parent in node.inputs])
        return Node("upsample", upsample.name, [total], upsample.settings)
    return node


def _fold_pooling(pool: Node, conv: Node) -> Node:
    plain = conv.settings["strides"] == (1, 1) == conv.settings["dilation"] and conv.settings["groups"] == 1
    halving = pool.settings == {"size": (2, 2), "strides": (2, 2), "pad": (0, 0)}
    window = conv.settings["size"], conv.settings["pad"]
    if plain and halving and window == ((1, 1), (0, 0)):
        return replace(conv, inputs=[replace(pool, inputs=conv.inputs)])
    if plain and halving and window == ((3, 3), (1, 1)):
        moving = Node("avg_pool", pool.name, conv.inputs, {"size": (2, 2), "strides": (1, 1), "pad": (1, 1)})
        return replace(conv, inputs=[moving], settings={**conv.settings, "strides": (2, 2), "pad": (0, 0)})
    return pool
