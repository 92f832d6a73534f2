"""The same function with less work, where other runtimes would do as they are told: exact algebra on a graph.

Average pooling after a 3 × 3 convolution is one 4 × 4 convolution with stride 2, whose kernel is the mean of the four
shifted ones; after a 1 × 1 convolution it may as well come first. Bilinear upsampling is linear: of a sum, once.
"""

from dataclasses import replace

import numpy as np

from facedancer_tf.importing.graph import Graph, Node


def with_less_work(graph: Graph) -> Graph:
    """`graph` rewritten in place where it can be, its nodes otherwise as they are."""
    readers = graph.consumers()
    replaced: dict[int, Node] = {}
    for node in graph.nodes():  # inputs first, so that what a node reads is rewritten before it is
        node.inputs = [replaced.get(id(parent), parent) for parent in node.inputs]
        replaced[id(node)] = _rewritten(node, readers)
    graph.output = replaced[id(graph.output)]
    return graph


def _rewritten(node: Node, readers: dict[int, list[Node]]) -> Node:
    def only_read_here(parent: Node) -> bool:
        return len(readers.get(id(parent), [])) == 1

    if node.op == "avg_pool" and node.inputs[0].op == "conv" and only_read_here(node.inputs[0]):
        return _pooled(node, node.inputs[0])
    if node.op == "add" and all(parent.op == "upsample" and only_read_here(parent) for parent in node.inputs):
        upsample = node.inputs[0]
        total = replace(node, inputs=[parent.inputs[0] for parent in node.inputs])
        return Node("upsample", upsample.name, [total], upsample.settings)
    return node


def _pooled(pool: Node, conv: Node) -> Node:
    plain = conv.settings["strides"] == (1, 1) == conv.settings["dilation"] and conv.settings["groups"] == 1
    halving = pool.settings == {"size": (2, 2), "strides": (2, 2), "pad": (0, 0)}
    window = conv.settings["size"], conv.settings["pad"]
    if plain and halving and window == ((1, 1), (0, 0)):
        return replace(conv, inputs=[replace(pool, inputs=conv.inputs)])
    if plain and halving and window == ((3, 3), (1, 1)):
        corners = [(row, column) for row in (0, 1) for column in (0, 1)]
        shifted = [
            np.pad(conv.weights["kernel"], ((row, 1 - row), (column, 1 - column), (0, 0), (0, 0)))
            for row, column in corners
        ]
        settings = {**conv.settings, "size": (4, 4), "strides": (2, 2)}
        return replace(conv, settings=settings, weights={**conv.weights, "kernel": np.mean(shifted, axis=0)})
    return pool
