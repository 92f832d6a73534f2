"""Turns dlib's embedded weights, face-api's quantised values, into the weights of our Keras model's layers."""

from collections.abc import Mapping

import numpy as np

from facedancer_tf.weights.face_api import dequantised_arrays
from networks.dlib_resnet import BLOCKS


def _convolution(arrays: Mapping[str, np.ndarray], prefix: str) -> list[np.ndarray]:
    """The kernel [rows, columns, in, out] and bias of a convolution, with its learned scale and shift folded in."""
    scale = arrays[f"{prefix}/scale/weights"]
    kernel = arrays[f"{prefix}/conv/filters"] * scale
    bias = arrays[f"{prefix}/conv/bias"] * scale + arrays[f"{prefix}/scale/biases"]
    return [kernel.astype(np.float32), bias.astype(np.float32)]


def dlib_layer_weights(archive: Mapping[str, np.ndarray]) -> dict[str, list[np.ndarray]]:
    """Makes the weights for `build_dlib_resnet`, by layer name; raises KeyError if the archive lacks an array."""
    arrays = dequantised_arrays(archive)
    weights = {
        "conv32_down": _convolution(arrays, "conv32_down"),
        "embedding": [arrays["fc"].astype(np.float32)],
    }
    for block, _, _ in BLOCKS:
        for part in ("conv1", "conv2"):
            weights[f"{block}_{part}"] = _convolution(arrays, f"{block}/{part}")
    return weights
