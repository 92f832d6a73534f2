"""Turns MobileFace's embedded weights, under the names of the original's graph, into the weights of our layers.

The dense kernel is stored as int8 [2048, 256] with a scale per column, all else as float16.
"""

from collections.abc import Mapping

import numpy as np

from networks.mobileface import FILTERS

DENSE_KERNEL, DENSE_SCALE = "dense/kernel", "dense/kernel:scale"
DEPTHWISE = {
    "halve": ("conv0_1_df", "prelu0"),
    "first": ("conv1_df", "prelu1"),
    "second": ("conv2_df", "prelu2"),
}


def mobileface_layer_weights(archive: Mapping[str, np.ndarray]) -> dict[str, list[np.ndarray]]:
    """Makes the weights for `build_mobileface`, by layer name; raises KeyError if the archive lacks an array."""
    arrays = {name: array.astype(np.float32) for name, array in archive.items()}
    weights = {
        "stem_conv": [arrays["conv1_weight"]],
        "stem_prelu": [arrays["prelu1_gamma"].reshape(1, 1, -1)],
        # The batch norm after the dense layer is x · mul + sub.
        "embedding": [
            arrays[DENSE_KERNEL] * (arrays[DENSE_SCALE] * arrays["batchnorm0/mul"]),
            arrays["batchnorm0/sub"],
        ],
    }
    for stage in range(1, len(FILTERS) + 1):
        unit = f"stage{stage}_unit1"
        weights[f"stage{stage}_pointwise"] = [arrays[f"{unit}_conv0_0_weight"]]
        for name, (kernel, slope) in DEPTHWISE.items():
            weights[f"stage{stage}_{name}_depthwise"] = [arrays[f"{unit}_{kernel}"]]
            weights[f"stage{stage}_{name}_prelu"] = [arrays[f"{unit}_{slope}_gamma"].reshape(1, 1, -1)]
    return weights
