"""Turns the face mesh's embedded weights, the original's float16 values, into the weights of our Keras model's layers.

The archive holds the original file's arrays under their original names, such as `conv2d_1/Kernel`: kernels
[out, rows, columns, in], of depthwise convolutions [1, rows, columns, channels].
"""

from collections.abc import Mapping
from functools import lru_cache

import keras
import numpy as np

from facedancer_tf.weights.embedded import ASSETS, assign_weights, read_embedded_weights, without_drawing
from networks.face_mesh import POINTS_BLOCKS, SCORE_BLOCKS, STAGES, build_face_mesh

TRUNK = [
    f"stage{stage}_block{block}"
    for stage, (_, blocks) in enumerate(STAGES, 1)
    for block in range(1, blocks + 1)
]
# The original's numbers of each head's first pointwise convolution, depthwise convolution and PReLU.
HEADS = {"points": (POINTS_BLOCKS, 16, 15, 16), "score": (SCORE_BLOCKS, 28, 23, 26)}


def face_mesh_weights(archive: Mapping[str, np.ndarray]) -> dict[str, list[np.ndarray]]:
    """Makes the weights for `build_face_mesh`, by layer name; raises KeyError if the archive lacks an array."""
    weights: dict[str, list[np.ndarray]] = {}

    def convolution(layer: str, number: int) -> None:
        weights[layer] = [_kernel(archive, f"conv2d_{number}"), _bias(archive, f"conv2d_{number}")]

    def prelu(layer: str, number: int) -> None:
        weights[layer] = [archive[f"p_re_lu_{number}/Alpha"].astype(np.float32)]

    def block(name: str, pointwise: int, depthwise: int, slope: int) -> None:
        weights[f"{name}_conv"] = _joined(archive, f"depthwise_conv2d_{depthwise}", f"conv2d_{pointwise}")
        prelu(f"{name}_out", slope)

    convolution("stem_conv", 1)
    prelu("stem_out", 1)
    for number, name in enumerate(TRUNK, 1):
        block(name, number + 1, number, number + 1)
    for head, (blocks, pointwise, depthwise, slope) in HEADS.items():
        for number in range(blocks):
            block(f"{head}_block{number + 1}", pointwise + number, depthwise + number, slope + number)
        convolution(f"{head}_narrow", pointwise + blocks)
        prelu(f"{head}_narrow_out", slope + blocks)
        block(f"{head}_narrow_block", pointwise + blocks + 1, depthwise + blocks, slope + blocks + 1)
        convolution(f"{head}_answer", pointwise + blocks + 2)
    return weights


def _kernel(archive: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """A kernel [rows, columns, in, out]; of a depthwise convolution [rows, columns, channels, 1]."""
    return archive[f"{name}/Kernel"].astype(np.float32).transpose(1, 2, 3, 0)


def _bias(archive: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    return archive[f"{name}/Bias"].astype(np.float32)


def _joined(archive: Mapping[str, np.ndarray], depthwise: str, pointwise: str) -> list[np.ndarray]:
    """The kernel and bias of the one convolution that computes a depthwise and then a pointwise one."""
    mixing = _kernel(archive, pointwise)
    bias = _bias(archive, depthwise) @ mixing[0, 0] + _bias(archive, pointwise)
    return [_kernel(archive, depthwise) * mixing, bias]


@lru_cache(maxsize=1)
def load_face_mesh() -> keras.Model:
    """The face mesh with its embedded weights; raises UserError where they are missing or damaged."""
    with without_drawing():
        model = build_face_mesh()
    assign_weights(model, face_mesh_weights(read_embedded_weights(ASSETS / "face_mesh")))
    return model
