"""Describes a network as a graph of plain operations, and matches two graphs.

A file's network and our own are both described by these operations. If the two match node by node, from the output to
the inputs, the file's weights belong to our layers, whatever their names in the file. Settings are compared as well: a
file with another padding, stride, slope or epsilon is refused, because our network would compute something else.

Arrays have Keras' layout: NHWC, kernels [rows, columns, in, out].
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

# Operation -> its arrays, in the order in which Keras' layers hold them.
ROLES: dict[str, tuple[str, ...]] = {
    "conv": ("kernel", "bias"),
    "depthwise_conv": ("kernel", "bias"),
    "dense": ("kernel", "bias"),
    "instance_norm": ("gamma", "beta"),
    "batch_norm": ("gamma", "beta", "mean", "variance"),
    "prelu": ("slope",),
}
COMMUTATIVE = {"add", "multiply"}
STEPS_CEILING = 100_000  # of one match; ours take some hundreds


class GraphError(ValueError):
    """A file's network is not what it should be; the message names the place as the file does."""


@dataclass(eq=False)
class Node:
    """One operation: its kind `op`, its name in the file, the nodes that it reads, its settings and arrays by role."""

    op: str
    name: str
    inputs: list["Node"] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass
class Graph:
    """A network with one output; `inputs` are in the order of the file's list."""

    inputs: list[Node]
    output: Node

    def nodes(self) -> list[Node]:
        """Every node on which the output depends, inputs first; branches in the order of the inputs of an operation."""
        ordered: list[Node] = []
        seen: set[int] = set()
        stack = [(self.output, False)]
        while stack:
            node, done = stack.pop()
            if done:
                ordered.append(node)
            elif id(node) not in seen:
                seen.add(id(node))
                stack.append((node, True))
                stack.extend((parent, False) for parent in reversed(node.inputs))
        return ordered

    def consumers(self) -> dict[int, list[Node]]:
        """For each node, by its `id`, the nodes that read it."""
        readers: dict[int, list[Node]] = {}
        for node in self.nodes():
            for parent in node.inputs:
                readers.setdefault(id(parent), []).append(node)
        return readers


class _Matching:
    """The pairs of nodes that match so far. A branch that fails removes its own pairs."""

    def __init__(self) -> None:
        self.pairs: dict[int, Node] = {}  # id of ours -> theirs
        self.trail: list[Node] = []
        self.steps = 0
        self.deepest, self.reason = -1, ""

    def fail(self, ours: Node, theirs: Node, what: str) -> bool:
        if len(self.trail) > self.deepest:  # the failure that is furthest from the output says most
            self.deepest = len(self.trail)
            self.reason = f"{theirs.name!r} is {what} where our {ours.name} stands"
        return False

    def match(self, ours: Node, theirs: Node) -> bool:
        partner = self.pairs.get(id(ours))
        if partner is not None:
            return partner is theirs or self.fail(ours, theirs, f"not {partner.name!r}")
        self.steps += 1
        if self.steps > STEPS_CEILING:
            raise GraphError("its network is too entangled to be matched")
        if ours.op != theirs.op:
            return self.fail(ours, theirs, f"{_with_article(theirs.op)}, not {_with_article(ours.op)},")
        for key, setting in ours.settings.items():
            if not _same(theirs.settings.get(key), setting):
                return self.fail(
                    ours,
                    theirs,
                    f"{_with_article(theirs.op)} with {key} {theirs.settings.get(key)}, not {setting},",
                )
        if len(ours.inputs) != len(theirs.inputs):
            return self.fail(ours, theirs, f"{_with_article(theirs.op)} of {len(theirs.inputs)} inputs")
        mark = len(self.trail)
        self.pairs[id(ours)] = theirs
        self.trail.append(ours)
        orders = [theirs.inputs]
        if ours.op in COMMUTATIVE:
            orders.append(theirs.inputs[::-1])
        for order in orders:
            agreed = True
            for a, b in zip(ours.inputs, order, strict=True):
                agreed = agreed and self.match(a, b)
            if agreed:
                return True
            while len(self.trail) > mark + 1:
                del self.pairs[id(self.trail.pop())]
        del self.pairs[id(self.trail.pop())]
        return False


def match(ours: Graph, theirs: Graph) -> dict[str, list[np.ndarray]]:
    """Matches two graphs; returns the arrays of `theirs` by the names of our layers, each in the order of `ROLES`.

    Raises GraphError where the networks differ, a tensor has another shape than ours, or is not finite.
    """
    matching = _Matching()
    if len(ours.inputs) != len(theirs.inputs):
        raise GraphError(f"it has {len(theirs.inputs)} inputs, not {len(ours.inputs)}")
    if not matching.match(ours.output, theirs.output):
        raise GraphError(matching.reason)
    return {
        node.name: checked_arrays(node, matching.pairs[id(node)]) for node in ours.nodes() if node.op in ROLES
    }


def checked_arrays(ours: Node, theirs: Node) -> list[np.ndarray]:
    """The arrays of `theirs` for the layer of `ours`; raises GraphError, which names the tensor, where one is wrong."""
    arrays = []
    for role in ROLES[ours.op]:
        value, shape = theirs.weights.get(role), ours.weights[role].shape
        if value is None:
            raise GraphError(f"the {role} of {theirs.name!r} is missing")
        if value.shape != shape:
            raise GraphError(f"the {role} of {theirs.name!r} has the shape {value.shape}, not {shape}")
        if (
            role == "variance"
        ):  # our epsilon is fixed: the difference to theirs goes into the variance, which is exact
            if not (value + theirs.weights["epsilon"] > 0).all():
                raise GraphError(f"the variance of {theirs.name!r} is negative, or its epsilon is none")
            value = value + (theirs.weights["epsilon"] - ours.weights["epsilon"])
        with np.errstate(over="ignore"):
            arrays.append(value.astype(np.float32))
        if not np.isfinite(arrays[-1]).all():
            raise GraphError(f"the {role} of {theirs.name!r} is not finite")
    return arrays


def _same(one: Any, other: Any) -> bool:
    """Whether two settings are equal; a size that one side leaves open (None) equals any."""
    if isinstance(one, tuple) and isinstance(other, tuple) and len(one) == len(other):
        return all(a is None or b is None or a == b for a, b in zip(one, other, strict=True))
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= 1e-6 * max(abs(one), abs(other))
    return bool(one == other)


def _with_article(op: str) -> str:
    return f"{'an' if op[0] in 'aeiou' else 'a'} {op}"
