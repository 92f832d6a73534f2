"""Runs a user's ONNX network that turns aligned faces into vectors, with ONNX Runtime on the CPU.

A file does not say how its network reads pixels, so the user must say it: see `PixelInput`.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from facedancer_tf.errors import UserError
from facedancer_tf.weights.catalogue import sha256_of

BATCH, FIXED_BATCH_MAX = 16, 256
SIDE_MIN_PX, SIDE_MAX_PX = 16, 1024
FATAL = 4  # ONNX Runtime's highest severity


@dataclass(frozen=True)
class PixelInput:
    """How a network reads pixels: the side of its pictures, the order of colours, and what 0 and 255 become."""

    size_px: int
    order: str
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.size_px} px {self.order} in [{self.low:g}, {self.high:g}]"


ARCFACE_INPUT = PixelInput(112, "RGB", -1.0, 1.0)  # (x - 127.5) / 127.5


def parse_pixel_input(text: str) -> PixelInput:
    """The input that "112,RGB,-1,1" describes; raises UserError for anything else."""
    parts = [part.strip() for part in text.split(",")]
    try:
        size, order, low, high = parts
        pixels = PixelInput(int(size), order.upper(), float(low), float(high))
    except ValueError:
        pixels = None
    if (
        pixels is None
        or not SIDE_MIN_PX <= pixels.size_px <= SIDE_MAX_PX
        or pixels.order not in ("RGB", "BGR")
        or not -math.inf < pixels.low < pixels.high < math.inf
    ):
        raise UserError(
            "a network's input is written SIZE,RGB or BGR,LOW,HIGH, like 112,RGB,-1,1, with a SIZE of "
            f"{SIDE_MIN_PX} to {SIDE_MAX_PX} px, not {text!r}"
        )
    return pixels


class OnnxNetwork:
    """The network in the ONNX file at `path`.

    It takes one batch of pictures, NCHW or NHWC; its first output with two axes is used. Raises UserError where the
    file is no such network, or takes pictures of another size than `pixels` says.
    """

    def __init__(self, path: Path, pixels: PixelInput) -> None:
        self.path, self.pixels = path, pixels
        self._sha256 = sha256_of(path)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = FATAL  # failures are raised below, in our own words
        with _failures_as_user_errors(path):
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        inputs = self._session.get_inputs()
        outputs = [output for output in self._session.get_outputs() if len(output.shape) == 2]
        if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type != "tensor(float)" or not outputs:
            raise UserError(f"{path} must take one batch of pictures as floats and give one vector for each")
        self._input, self._output = inputs[0].name, outputs[0].name
        fixed, *shape = inputs[0].shape
        self._fixed_batch = fixed if isinstance(fixed, int) else None
        if self._fixed_batch is not None and not 1 <= self._fixed_batch <= FIXED_BATCH_MAX:
            raise UserError(
                f"{path} must take 1 to {FIXED_BATCH_MAX} pictures at once, not exactly {self._fixed_batch}"
            )
        self._channels_last = shape[-1] == 3
        side = shape[0] if self._channels_last else shape[1]
        if isinstance(side, int) and side != pixels.size_px:
            raise UserError(f"{path} takes pictures of {side} px, not {pixels.size_px}; say so in its input")
        self.width = self(np.zeros((1, pixels.size_px, pixels.size_px, 3), np.uint8)).shape[1]

    @property
    def description(self) -> str:
        """The file's name, the start of its SHA-256, and how it reads pixels."""
        return f"{self.path.name} (SHA-256 {self._sha256[:12]}, {self.pixels})"

    def __call__(self, crops: np.ndarray) -> np.ndarray:
        """Vectors float32 [B, W] of `crops` uint8 RGB [B, S, S, 3]. Crops of another size are resized.

        Raises UserError where the network fails, or does not give one vector of finite floats for each crop.
        """
        if not len(crops):
            raise ValueError("`crops` must hold at least one crop. Received: none")
        side = self.pixels.size_px
        if crops.shape[1] != side:
            interpolation = cv2.INTER_AREA if crops.shape[1] > side else cv2.INTER_LINEAR
            crops = np.stack([cv2.resize(crop, (side, side), interpolation=interpolation) for crop in crops])
        values = crops[..., ::-1] if self.pixels.order == "BGR" else crops
        values = values.astype(np.float32) / 255.0 * (self.pixels.high - self.pixels.low) + self.pixels.low
        if not self._channels_last:
            values = values.transpose(0, 3, 1, 2)
        step = self._fixed_batch or BATCH
        return np.concatenate(
            [self._run(values[start : start + step]) for start in range(0, len(values), step)]
        )

    def _run(self, part: np.ndarray) -> np.ndarray:
        """Vectors of a few pictures. Copies of the last one fill the batch where the file fixes its size."""
        missing = max(0, (self._fixed_batch or 0) - len(part))
        filled = np.concatenate([part, np.repeat(part[-1:], missing, axis=0)])
        with _failures_as_user_errors(self.path):
            (vectors,) = self._session.run([self._output], {self._input: np.ascontiguousarray(filled)})
        whole = vectors.ndim == 2 and len(vectors) == len(filled) and vectors.shape[1] >= 1
        if not (whole and np.issubdtype(vectors.dtype, np.floating) and np.isfinite(vectors).all()):
            raise UserError(
                f"{self.path} must give one vector of finite floats for each picture; for {len(filled)} it gave "
                f"{vectors.dtype} {list(vectors.shape)}"
            )
        return vectors[: len(part)].astype(np.float32)


@contextmanager
def _failures_as_user_errors(path: Path) -> Iterator[None]:
    """Raises UserError where ONNX Runtime fails on the file."""
    try:
        yield
    except Exception as error:  # ONNX Runtime's exceptions have no common base class
        raise UserError(
            f"{path} is no ONNX network that can be run: {' '.join(str(error).split())[:300]}", "unreadable"
        ) from error
