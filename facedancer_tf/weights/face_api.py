"""Turns face-api's embedded weights, which are quantised, into the weights of our Keras models' layers.

An archive holds face-api's arrays under their own names, with the "/" in them. A float32 array is stored as it is. A
quantised array `X` is stored as its uint8 values `X` and as `X:scale_min` float64 [2], the scale and the minimum; the
original value is value · scale + minimum.
"""

from collections.abc import Mapping

import numpy as np

from networks.face_feature_nets import DENSE_BLOCKS

SCALE_MINIMUM = ":scale_min"


def dequantised_arrays(archive: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Restores every array as float64 under its original name."""
    arrays = {}
    for name, values in archive.items():
        if name.endswith(SCALE_MINIMUM):
            continue
        scale, minimum = archive.get(f"{name}{SCALE_MINIMUM}", np.array([1.0, 0.0]))
        arrays[name] = values.astype(np.float64) * scale + minimum
    return arrays


def feature_net_weights(archive: Mapping[str, np.ndarray]) -> dict[str, list[np.ndarray]]:
    """Makes the weights for `build_face_landmarks` and `build_face_expression`, by layer name.

    Raises KeyError if the archive lacks an array.
    """
    arrays = {name: array.astype(np.float32) for name, array in dequantised_arrays(archive).items()}
    weights = {"fc": [arrays["fc/weights"], arrays["fc/bias"]]}
    for block, _ in DENSE_BLOCKS:
        for i in range(4):
            plain = block == DENSE_BLOCKS[0][0] and i == 0
            parts = ("filters", "bias") if plain else ("depthwise_filter", "pointwise_filter", "bias")
            weights[f"{block}_conv{i}"] = [arrays[f"{block}/conv{i}/{part}"] for part in parts]
    return weights
