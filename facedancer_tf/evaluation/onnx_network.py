"""A user's ONNX network that turns aligned faces into vectors, run by ONNX Runtime on the CPU.

A file does not say what its numbers mean, so its reading of pixels must be told: see `PixelInput`.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from facedancer_tf.errors import UserError

BATCH = 16


@dataclass(frozen=True)
class PixelInput:
    """How a network reads pixels: side of its pictures, order of colours, and what 0 and 255 become."""

    size_px: int
    order: str
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.size_px} px {self.order} in [{self.low:g}, {self.high:g}]"


ARCFACE_INPUT = PixelInput(112, "RGB", -1.0, 1.0)  # (x - 127.5) / 127.5
INCEPTION_INPUT = PixelInput(299, "RGB", -1.0, 1.0)


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
        or pixels.size_px < 16
        or pixels.order not in ("RGB", "BGR")
        or pixels.low >= pixels.high
    ):
        raise UserError(
            f"a network's input is written SIZE,RGB or BGR,LOW,HIGH, like 112,RGB,-1,1, not {text!r}"
        )
    return pixels


class OnnxNetwork:
    """The network in the ONNX file at `path`: one picture in, NCHW or NHWC; its first output of two axes is used.

    Raises UserError where the file is no such network, or takes pictures of another size than `pixels` says.
    """

    def __init__(self, path: Path, pixels: PixelInput) -> None:
        self.path, self.pixels = path, pixels
        try:
            self._session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's own exceptions have no common class of their own
            raise UserError(
                f"{path} is no ONNX network that can be run: {' '.join(str(error).split())}"
            ) from error
        inputs = self._session.get_inputs()
        outputs = [output for output in self._session.get_outputs() if len(output.shape) == 2]
        if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type != "tensor(float)" or not outputs:
            raise UserError(f"{path} must take one batch of pictures as floats and give one vector for each")
        self._input, self._output = inputs[0].name, outputs[0].name
        batch, *shape = inputs[0].shape
        self._channels_last = shape[-1] == 3
        self._batch = batch if isinstance(batch, int) else BATCH
        side = shape[0] if self._channels_last else shape[1]
        if isinstance(side, int) and side != pixels.size_px:
            raise UserError(
                f"{path} takes pictures of {side} px, not {pixels.size_px}; say so in its input option"
            )

        self.width = self(np.zeros((1, pixels.size_px, pixels.size_px, 3), np.uint8)).shape[1]

    def __call__(self, crops: np.ndarray) -> np.ndarray:
        """Vectors float32 [B, W] of `crops` uint8 RGB [B, S, S, 3]; those of another size are resized."""
        if not len(crops):
            raise ValueError("`crops` must hold at least one crop. Received: none")
        side = self.pixels.size_px
        if crops.shape[1] != side:
            way = cv2.INTER_AREA if crops.shape[1] > side else cv2.INTER_LINEAR
            crops = np.stack([cv2.resize(crop, (side, side), interpolation=way) for crop in crops])
        read = crops[..., ::-1] if self.pixels.order == "BGR" else crops
        read = read.astype(np.float32) / 255.0 * (self.pixels.high - self.pixels.low) + self.pixels.low
        if not self._channels_last:
            read = read.transpose(0, 3, 1, 2)
        parts = []
        for start in range(0, len(read), self._batch):
            part = read[start : start + self._batch]
            missing = self._batch - len(part)  # a file may allow one size of batch only
            filled = np.concatenate([part, np.repeat(part[-1:], missing, axis=0)])
            (vectors,) = self._session.run([self._output], {self._input: np.ascontiguousarray(filled)})
            parts.append(vectors[: len(part)])
        return np.concatenate(parts)
