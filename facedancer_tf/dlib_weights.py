"""dlib's embedded weights: from face-api's quantised values to the layers of our Keras model.

The archive holds face-api's arrays under their own names with "/" kept: float32 as they are, and for a quantised
array `X` its uint8 values `X` with `X:scale_min` float64 [2]; a value is value · scale + minimum.
"""

from collections.abc import Mapping

import numpy as np

from networks.dlib_resnet import BLOCKS

SCALE_MINIMUM = ":scale_min"


def dequantised_arrays(archive: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Every array as float64 under its original name."""
    arrays = {}
    for name, values in archive.items():
        if name.endswith(SCALE_MINIMUM):
            continue
        scale, minimum = archive.get(f"{name}{SCALE_MINIMUM}", np.array([1.0, 0.0]))
        arrays[name] = values.astype(np.float64) * scale + minimum
    return arrays


def _convolution(arrays: Mapping[str, np.ndarray], prefix: str) -> list[np.ndarray]:
    """Kernel [rows, columns, in, out] and bias of a convolution with its learned scale and shift folded in."""
    scale = arrays[f"{prefix}/scale/weights"]
    kernel = arrays[f"{prefix}/conv/filters"] * scale
    bias = arrays[f"{prefix}/conv/bias"] * scale + arrays[f"{prefix}/scale/biases"]
    return [kernel.astype(np.float32), bias.astype(np.float32)]


def dlib_layer_weights(archive: Mapping[str, np.ndarray]) -> dict[str, list[np.ndarray]]:
    """What `build_dlib_resnet`'s layers take, by layer name; raises KeyError if the archive lacks an array."""
    arrays = dequantised_arrays(archive)
    weights = {
        "conv32_down": _convolution(arrays, "conv32_down"),
        "embedding": [arrays["fc"].astype(np.float32)],
    }
    for block, _, _ in BLOCKS:
        for part in ("conv1", "conv2"):
            weights[f"{block}_{part}"] = _convolution(arrays, f"{block}/{part}")
    return weights
