"""Pairs the arrays of a weights-only `.h5` file with our layers, by saved order and shapes.

Such a file says nothing of its network, so the user must state the plan. Keras saves layers by their distance from the
output, farthest first. Only this order distinguishes layers whose tensors have the same shapes, and in these networks
it is enough: along a path it is the order of the path; two layers side by side (AdaIN's scale and shift, do_affa's two
masks) are saved in the order in which their operation takes them.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator

import numpy as np

from facedancer_tf.graphs.graph import ROLES, Graph, GraphError, Node, checked_arrays
from facedancer_tf.importing.saved_layers import SavedLayer, by_leaf

WITHIN_A_LAYER = {
    "sigmoid": 1,
    "adain": 2,
}  # how many of our nodes are no layers in the file: a mask's sigmoid, AdaIN's two dense layers
Key = tuple[tuple[str, tuple[int, ...]], ...]


def pair_in_saved_order(ours: Graph, layers: Iterable[SavedLayer]) -> dict[str, list[np.ndarray]]:
    """The saved arrays by the names of our layers; raises GraphError, which names missing and superfluous tensors."""
    layers = list(layers)
    distance_of = distances(ours)
    expected = len(distance_of) - sum(WITHIN_A_LAYER.get(node.op, 0) for node in distance_of)
    if any(not layer.arrays for layer in layers) and len(layers) != expected:
        raise GraphError(f"it lists {len(layers)} layers, and the stated plan has {expected}")
    waiting: dict[Key, deque[Node]] = defaultdict(deque)
    for node in sorted(
        (node for node in distance_of if node.op in ROLES), key=lambda node: -distance_of[node]
    ):
        waiting[_key(node.weights)].append(node)  # sorted is stable: ties stay in the order of the graph
    arrays_of: dict[str, list[np.ndarray]] = {}
    last = len(distance_of)
    for name, arrays in _units(layers):
        queue = waiting[_key(arrays)]
        if not queue:
            shapes = ", ".join(f"{leaf} {value.shape}" for leaf, value in arrays.items())
            raise GraphError(f"it holds a tensor too many for the stated plan: {name!r} ({shapes})")
        node = queue.popleft()
        if distance_of[node] > last:
            raise GraphError(f"its tensor {name!r} stands where the stated plan has none of its shape")
        last = distance_of[node]
        arrays_of[node.name] = checked_arrays(node, Node(node.op, name, weights=arrays))
    missing = [node.name for queue in waiting.values() for node in queue]
    if missing:
        raise GraphError(f"tensors of the stated plan are missing: {', '.join(missing[:5])}")
    return arrays_of


def _key(arrays: dict[str, np.ndarray]) -> Key:
    return tuple(sorted((leaf, tuple(value.shape)) for leaf, value in arrays.items()))


def _units(layers: Iterable[SavedLayer]) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Yields name and arrays of each plain layer; AdaIN's two dense layers come one after the other."""
    for layer in layers:
        parts: dict[str, dict[str, np.ndarray]] = {}
        for leaf, value in by_leaf(layer.arrays).items():
            part, _, role = leaf.rpartition("/")
            parts.setdefault(part, {})[role] = value
        for part, arrays in parts.items():
            yield f"{layer.name}/{part}".rstrip("/"), arrays


def distances(graph: Graph) -> dict[Node, int]:
    """The distance of each node from the output, as Keras counts it for the released layers, in order of the graph.

    In the released network AdaIN's dense layers lie inside AdaIN, and a mask's sigmoid lies inside its convolution.
    """
    nodes = graph.nodes()
    distance = dict.fromkeys(nodes, 0)
    for node in reversed(nodes):  # readers before what they read
        for parent in node.inputs:
            within = node.op == "sigmoid" or (node.op == "adain" and parent.op == "dense")
            distance[parent] = max(distance[parent], distance[node] + (not within))
    return distance


def read_sizes(layers: list[SavedLayer]) -> dict[str, int]:
    """The sizes that the tensors' shapes show: base_filters and, of a generator, identity_width and mapping_width.

    Raises GraphError for files with batch norms (encoders, whose wiring cannot be seen in shapes) or no convolution.
    """
    units = [arrays for _, arrays in _units(layers)]
    if any("moving_mean" in arrays for arrays in units):
        raise GraphError("it holds an encoder's weights without its network; save the full model instead")
    kernels = [arrays["kernel"] for arrays in units if "kernel" in arrays]
    convolutions = [kernel for kernel in kernels if kernel.ndim == 4]
    dense = [kernel for kernel in kernels if kernel.ndim == 2]
    if not convolutions:
        raise GraphError("it holds no convolution")
    sizes = {"base_filters": int(convolutions[0].shape[-1])}
    if dense:
        sizes |= {"identity_width": int(dense[0].shape[0]), "mapping_width": int(dense[0].shape[1])}
    return sizes
