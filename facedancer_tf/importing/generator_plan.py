"""Reads the plan of a FaceDancer generator from its graph: sizes, mapping network and the fusion of each block."""

from collections.abc import Mapping
from typing import Any

from facedancer_tf.graphs.graph import Graph, GraphError, Node
from networks.generator import check_generator

BLOCKS = 6


def read_plan(graph: Graph, stated_px: int) -> dict[str, Any]:
    """The arguments of `build_generator` for the network in `graph`, whose inputs may have either order.

    stated_px: the size of the generator's pictures, for files that leave it open. Raises GraphError where the network
    is no FaceDancer generator. The plan is only a proposal: the proof is that the network built from it matches `graph`
    (`graph.match`).
    """
    pictures = [node for node in graph.inputs if len(node.settings["shape"]) == 3]
    vectors = [node for node in graph.inputs if len(node.settings["shape"]) == 1]
    if len(pictures) != 1 or len(vectors) != 1:
        raise GraphError("its inputs are not one picture and one identity")
    graph.inputs = [pictures[0], vectors[0]]
    size_px = pictures[0].settings["shape"][0] or stated_px
    readers = graph.consumers()
    stem = _only(readers, pictures[0], "conv")
    depth, width = _mapping(readers, vectors[0])
    plan: dict[str, Any] = {
        "size_px": int(size_px),
        "identity_width": int(_identity_width(readers, vectors[0])),
        "base_filters": int(stem.weights["kernel"].shape[-1]),
        "fusion": _fusion(graph.output),
        "mapping_depth": depth,
        "mapping_width": width,
    }
    try:
        check_generator(plan["size_px"], plan["fusion"], depth, base_filters=plan["base_filters"])
    except ValueError as error:
        raise GraphError(str(error)) from error
    return plan


def _only(readers: Mapping[int, list[Node]], node: Node, op: str) -> Node:
    following = readers.get(id(node), [])
    if len(following) != 1 or following[0].op != op:
        raise GraphError(f"its {node.name!r} does not go into one {op}")
    return following[0]


def _identity_width(readers: Mapping[int, list[Node]], identity: Node) -> int:
    first = readers[id(identity)][0]
    if first.op != "dense":
        raise GraphError(f"its identity goes into {first.name!r}, a {first.op}, not into dense layers")
    return int(first.weights["kernel"].shape[0])


def _mapping(readers: Mapping[int, list[Node]], identity: Node) -> tuple[int, int]:
    """Depth and width of the dense layers before the identity goes to the blocks; width 512 where there are none."""
    depth, width, node = 0, 512, identity
    while len(following := readers[id(node)]) == 1:
        if following[0].op == "dense":
            depth, width = depth + 1, int(following[0].weights["kernel"].shape[-1])
        node = following[0]
    return depth, width


def _fusion(output: Node) -> tuple[str, ...]:
    """The kinds of fusion of blocks 1 … 6, which are read from the output backwards."""
    kinds: list[str] = []
    node = output
    for _ in range(BLOCKS):
        fused = _block_input(node)
        kind, node = _fusion_kind(fused)
        kinds.append(kind)
    return tuple(reversed(kinds))


def _block_input(total: Node) -> Node:
    """The input of an identity block, reached through its skip path: sum ← (upsampling ←) 1×1 convolution ← input."""
    if total.op == "add":
        for branch in total.inputs:
            conv = branch.inputs[0] if branch.op == "upsample" else branch
            if conv.op == "conv" and conv.settings["size"] == (1, 1):
                return conv.inputs[0]
    raise GraphError(f"its {total.name!r} is not the sum that ends a decoder block")


def _is_residual(node: Node) -> bool:
    """Whether a sum ends a residual block: both paths end in a convolution, resampled or not."""
    ends = [branch.inputs[0] if branch.op in ("upsample", "avg_pool") else branch for branch in node.inputs]
    return node.op == "add" and all(end.op == "conv" for end in ends)


def _fusion_kind(fused: Node) -> tuple[str, Node]:
    """The kind of fusion that gave the block's input, and its decoder feature (the sum that ends the block before)."""
    if _is_residual(fused):
        return "no_skip", fused
    if fused.op in ("add", "concat") and len(fused.inputs) == 2:
        return fused.op, _decoder_side(fused.inputs, fused)
    if fused.op == "gate":
        _, decoder, mask = fused.inputs
        if mask.op == "multiply":
            return "do_affa", decoder
        if decoder.op == "gate":
            return "d_affa", decoder.inputs[1]
        return "affa", decoder
    raise GraphError(f"its {fused.name!r}, a {fused.op}, is none of the known fusions")


def _decoder_side(candidates: list[Node], fused: Node) -> Node:
    """The decoder's feature among two fused ones: the one that depends on an AdaIN."""
    for node in candidates:
        if any(ancestor.op == "adain" for ancestor in Graph([], node).nodes()):
            return node
    raise GraphError(f"neither input of its {fused.name!r} depends on the identity")
