"""Imports identity encoders from ONNX files: recognises which one it is, fills our network, finds its value range."""

from collections import Counter
from typing import Any

import keras

from facedancer_tf.graphs.graph import Graph, GraphError, match
from facedancer_tf.graphs.keras_layers import model_graph
from facedancer_tf.importing.onnx_file import OnnxFile
from facedancer_tf.importing.onnx_graph import read_onnx_graph
from facedancer_tf.weights.embedded import assign_weights
from networks.encoders import ENCODERS
from networks.insightface_mobilefacenet import DEEP
from networks.iresnet import UNITS

NEAR = (
    0.1  # how far from [-1, 1] the range of a rescaled picture may end; (x − 127.5) / 128 ends 0.004 from it
)


def import_onnx_encoder(file: OnnxFile) -> tuple[keras.Model, dict[str, Any]]:
    """The frozen encoder with the file's weights, and a dictionary that describes it.

    architecture: a name in `networks.encoders.ENCODERS`. low, high: the value range that this network reads; it differs
    from the encoder's description where the file scales its pictures in another form. Raises GraphError, whose message
    is one clause, for a file that holds none of the encoders known here.
    """
    theirs = read_onnx_graph(file)
    architecture = recognise_architecture(theirs)
    model = ENCODERS[architecture].build()
    ours = model_graph(model)
    black, white = _first_values(theirs)
    scale, offset = _take_out_rescaling(ours) or (1.0, 0.0)
    _take_out_rescaling(theirs)
    assign_weights(model, match(ours, theirs))
    return model, {
        "architecture": architecture,
        "low": (black - offset) / scale,
        "high": (white - offset) / scale,
    }


def recognise_architecture(graph: Graph) -> str:
    """The name in ENCODERS of the network that `graph` resembles; the proof is that the two match."""
    counts = Counter(node.op for node in graph.nodes())
    depths = {sum(units): depth for depth, units in UNITS.items()}
    if counts["depthwise_conv"]:
        deep = "_deep" if counts["add"] == sum(DEEP) else ""
        return f"insightface_mobilefacenet{deep}" if counts["add"] else "sface"
    if counts["conv"] and counts["add"] in depths:
        return f"iresnet{depths[counts['add']]}"
    raise GraphError(
        f"it is none of the encoders known here: it has {counts['conv']} convolutions and {counts['add']} sums"
    )


def _first_values(graph: Graph) -> tuple[float, float]:
    """The values that the first convolution reads for black and for white.

    A file that does not rescale its pictures is taken to read [-1, 1], as InsightFace's files do. A file that rescales
    them reads [0, 255] or [0, 1]: the range that it brings near [-1, 1].
    """
    rescaling = [node for node in graph.nodes() if node.op == "rescale"]
    if not rescaling:
        return -1.0, 1.0
    scale, offset = rescaling[0].settings["scale"], rescaling[0].settings["offset"]
    for brightest in (255.0, 1.0):
        black, white = offset, brightest * scale + offset
        if abs(black + 1) < NEAR and abs(white - 1) < NEAR:
            return black, white
    raise GraphError(f"it takes its pictures times {scale:g} plus {offset:g}, which no known range goes into")


def _take_out_rescaling(graph: Graph) -> tuple[float, float] | None:
    """Removes the rescaling from the graph; returns its scale and offset, or None where there is none."""
    scale_and_offset = None
    for node in graph.nodes():
        if node.op == "rescale":
            scale_and_offset = node.settings["scale"], node.settings["offset"]
        node.inputs = [parent.inputs[0] if parent.op == "rescale" else parent for parent in node.inputs]
    return scale_and_offset
