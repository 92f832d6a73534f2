"""Computes ONNX operations on constants: weights that a file holds quantised, reshaped or transposed, and shapes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from facedancer_tf.graphs.graph import GraphError

Settings = Mapping[str, Any]
Arrays = Sequence[np.ndarray]
SHAPE_LENGTH = 16  # the longest integer vector that may describe a shape

# Types to which a Cast may convert, by TensorProto's numbers; floats of any width are float32 here.
_CASTS = {1: np.float32, 10: np.float32, 11: np.float32, 16: np.float32, 6: np.int64, 7: np.int64}


def constant_result(kind: str, name: str, settings: Settings, arrays: Arrays) -> np.ndarray:
    """The operation's result for these arrays; raises GraphError where it is unknown or the arrays do not fit it."""
    if kind not in _OPERATIONS:
        raise GraphError(f"its node {name!r} computes weights by a {kind}, which is not followed")
    try:
        return np.asarray(_OPERATIONS[kind](settings, arrays))
    except (ValueError, IndexError, KeyError, TypeError, OverflowError) as error:
        raise GraphError(f"its node {name!r}, a {kind}, does not fit its tensors ({error})") from error


def axes_of(settings: Settings, arrays: Arrays) -> list[int] | None:
    """The axes of a Squeeze or Unsqueeze: a setting up to opset 12, the second input from opset 13 on."""
    if "axes" in settings:
        return list(settings["axes"])
    return [int(axis) for axis in arrays[1]] if len(arrays) > 1 else None


def _constant(settings: Settings, arrays: Arrays) -> np.ndarray:
    for key in ("value", "value_float", "value_int", "value_floats", "value_ints"):
        if key in settings:
            value = np.asarray(settings[key])
            return value.astype(np.float32) if value.dtype.kind == "f" else value
    raise ValueError("no value")


def _dequantise(settings: Settings, arrays: Arrays) -> np.ndarray:
    """(value − zero point) · scale; there is one scale for all, one per channel, or one per block along the axis."""
    values, scales = arrays[0], arrays[1].astype(np.float32)
    zero_points = arrays[2].astype(np.float32) if len(arrays) > 2 else np.zeros_like(scales)
    axis, block = int(settings.get("axis", 1)), int(settings.get("block_size", 0))
    if block > 0:
        runs = np.arange(values.shape[axis]) // block
        if scales.shape[axis] != runs[-1] + 1:
            raise ValueError(f"blocks of {block} along {len(runs)} values, scales {scales.shape}")
        scales, zero_points = scales.take(runs, axis), zero_points.take(runs, axis)
        expected_shape = values.shape
    elif scales.size == 1:
        scales, zero_points, expected_shape = scales.reshape(()), zero_points.reshape(()), ()
    else:
        expected_shape = tuple(
            size if place == axis % values.ndim else 1 for place, size in enumerate(values.shape)
        )
        scales, zero_points = scales.reshape(expected_shape), zero_points.reshape(expected_shape)
    if (
        scales.shape != expected_shape or zero_points.shape != expected_shape
    ):  # else NumPy would repeat values beyond the size of the array
        raise ValueError(f"values {values.shape}, scales {scales.shape}, zero points {zero_points.shape}")
    return (values.astype(np.float32) - zero_points) * scales


def _reshape(settings: Settings, arrays: Arrays) -> np.ndarray:
    shape = [int(size) for size in arrays[1]]
    if not settings.get("allowzero"):
        shape = [size or arrays[0].shape[place] for place, size in enumerate(shape)]
    return arrays[0].reshape(shape)


def _transpose(settings: Settings, arrays: Arrays) -> np.ndarray:
    return arrays[0].transpose(settings.get("perm"))


def _squeeze(settings: Settings, arrays: Arrays) -> np.ndarray:
    axes = axes_of(settings, arrays)
    return arrays[0].squeeze(None if axes is None else tuple(axes))


def _unsqueeze(settings: Settings, arrays: Arrays) -> np.ndarray:
    return np.expand_dims(arrays[0], tuple(axes_of(settings, arrays) or ()))


def _cast(settings: Settings, arrays: Arrays) -> np.ndarray:
    return arrays[0].astype(_CASTS[settings["to"]])


def _short(arrays: Arrays) -> None:
    if any(array.size > SHAPE_LENGTH for array in arrays):
        raise ValueError("more than a shape")


def _gather(settings: Settings, arrays: Arrays) -> np.ndarray:
    _short(arrays)
    return np.take(arrays[0], arrays[1], axis=int(settings.get("axis", 0)))


def _concat(settings: Settings, arrays: Arrays) -> np.ndarray:
    _short(arrays)
    return np.concatenate(arrays, axis=int(settings["axis"]))


_OPERATIONS: dict[str, Callable[[Settings, Arrays], np.ndarray]] = {
    "Constant": _constant,
    "DequantizeLinear": _dequantise,
    "Identity": lambda settings, arrays: arrays[0],
    "Reshape": _reshape,
    "Transpose": _transpose,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Cast": _cast,
    "Gather": _gather,
    "Concat": _concat,
}
