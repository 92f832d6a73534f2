"""Turns SFace's embedded weights, the original's block-quantised values, into the weights of our Keras model's layers.

The archive holds the original file's initialisers under their original names. A float32 array is stored as it is. A
quantised array `X` is stored as its int8 values `X_quantized` [rows, columns], its `X_scales` and `X_zero_point`
[rows, blocks] and its original shape `X_shape`, as ONNX's DequantizeLinear takes them.
"""

from collections.abc import Mapping

import numpy as np

from networks.mobilefacenet import BLOCK_NAMES

CONVOLUTION_EPSILON = 1e-3  # the original's batch norms after convolutions have this epsilon
HEAD_EPSILON = 2e-5  # its two batch norms around the dense layer have this one


def dequantise(values: np.ndarray, scales: np.ndarray, zero_points: np.ndarray) -> np.ndarray:
    """Computes (value − zero point) · scale in float32; each scale serves a run of neighbours along the last axis."""
    block_size = -(-values.shape[-1] // scales.shape[-1])
    scales = np.repeat(scales, block_size, axis=-1)[..., : values.shape[-1]]
    zero_points = np.repeat(zero_points, block_size, axis=-1)[..., : values.shape[-1]]
    return (values.astype(np.float32) - zero_points.astype(np.float32)) * scales


def dequantised_arrays(archive: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Restores every array of the original float32 network under its original name and in its original shape."""
    arrays = {}
    for name in archive:
        if name.endswith("_quantized"):
            stem = name.removesuffix("_quantized")
            floats = dequantise(archive[name], archive[f"{stem}_scales"], archive[f"{stem}_zero_point"])
            arrays[stem] = floats.reshape(archive[f"{stem}_shape"])
        elif not name.endswith(("_scales", "_zero_point", "_shape")):
            arrays[name] = archive[name]
    return arrays


def batch_norm_as_scale_and_shift(
    arrays: Mapping[str, np.ndarray], prefix: str, epsilon: float
) -> tuple[np.ndarray, np.ndarray]:
    """Computes (scale, shift) in float64 such that the frozen batch norm is x · scale + shift."""
    gamma, beta, mean, variance = (
        arrays[f"{prefix}_{part}"].astype(np.float64)
        for part in ("gamma", "beta", "moving_mean", "moving_var")
    )
    scale = gamma / np.sqrt(variance + epsilon)
    return scale, beta - mean * scale


def _convolution(arrays: Mapping[str, np.ndarray], prefix: str) -> list[np.ndarray]:
    """The kernel and bias of a convolution that had no bias, with its batch norm folded in."""
    scale, shift = batch_norm_as_scale_and_shift(arrays, f"{prefix}_batchnorm", CONVOLUTION_EPSILON)
    kernel = arrays[f"{prefix}_conv2d_weight"] * scale[:, None, None, None]  # [out, in, rows, columns]
    if prefix.endswith("_dw"):
        kernel = kernel.transpose(2, 3, 0, 1)  # depthwise: [rows, columns, channels, 1]
    else:
        kernel = kernel.transpose(2, 3, 1, 0)
    return [kernel.astype(np.float32), shift.astype(np.float32)]


def _prelu(arrays: Mapping[str, np.ndarray], prefix: str) -> list[np.ndarray]:
    return [arrays[f"{prefix}_relu_gamma"].reshape(1, 1, -1)]


def _head(arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Joins batch norm → flatten → dense → batch norm of the original into the kernel and bias of one dense layer."""
    before_scale, before_shift = batch_norm_as_scale_and_shift(arrays, "bn1", HEAD_EPSILON)
    after_scale, after_shift = batch_norm_as_scale_and_shift(arrays, "fc1", HEAD_EPSILON)
    weight = arrays["pre_fc1_weight"]
    channels = before_scale.size
    places = weight.shape[1] // channels
    kernel = np.empty((places, channels, len(weight)), np.float32)  # in the order in which NHWC is flattened
    shift = np.empty(len(weight))
    for out, row in enumerate(weight):  # one row at a time: all rows in float64 would take half a gigabyte
        row = row.astype(np.float64).reshape(channels, places)  # the original flattens channels first
        shift[out] = np.einsum("cp,c->", row, before_shift)
        kernel[..., out] = (row * before_scale[:, None] * after_scale[out]).T
    bias = (arrays["pre_fc1_bias"] + shift) * after_scale + after_shift
    return [kernel.reshape(-1, len(weight)), bias.astype(np.float32)]


def sface_layer_weights(archive: Mapping[str, np.ndarray]) -> dict[str, list[np.ndarray]]:
    """Makes the weights for `build_mobilefacenet`, by layer name; raises KeyError if the archive lacks an array."""
    arrays = dequantised_arrays(archive)
    weights = {
        "stem_conv": _convolution(arrays, "conv_1"),
        "stem_prelu": _prelu(arrays, "conv_1"),
        "embedding": _head(arrays),
    }
    for number, block in enumerate(BLOCK_NAMES, start=2):  # the original counts the stem as conv_1
        weights[f"{block}_depthwise"] = _convolution(arrays, f"conv_{number}_dw")
        weights[f"{block}_depthwise_prelu"] = _prelu(arrays, f"conv_{number}_dw")
        weights[f"{block}_pointwise"] = _convolution(arrays, f"conv_{number}")
        weights[f"{block}_out"] = _prelu(arrays, f"conv_{number}")
    return weights
