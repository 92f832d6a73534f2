"""Puts the invisible watermark into a picture: faint noise in its luma, all over it, no stronger than needed.

The noise hides in texture: it grows with the local activity of the picture, is weak in flat areas, keeps off single
edges, and is gone where the picture is white or black. How strong it is altogether is tried out: the weakest of a few
gains is taken that is still read from a small, coarse JPEG of the picture. `watermark_pattern` says what the noise is.
"""

from bisect import bisect_left

import cv2
import numpy as np

from facedancer_tf.provenance.watermark_pattern import (
    CANVAS_PX,
    agreement,
    chips_of,
    fold,
    message_of,
    repeat,
    soft_chips,
    tile_of,
    waves_of,
)  # fmt: skip

# Standard deviations of the noise, in grey levels: in flat areas, and at most, at gain 1.
FLAT_LEVELS, MOST_LEVELS = 0.2, 3.0
GAINS = (0.4, 0.5, 0.6, 0.7, 0.85, 1.0, 1.2, 1.4, 1.65, 2.0)
# The trial: the picture at this share of its size (of the canvas, where it is larger), as a JPEG of this quality.
TRIAL_SHARE, TRIAL_QUALITY = 0.7, 70
TRIAL_AGREEMENT = 0.68  # a little more than what the reader asks for, .50: crops and other chains cost some
STRIP_ROWS = 256


class Watermark:
    """Marks pictures as made with one model, `model_id` from 0 to 8191."""

    def __init__(self, model_id: int) -> None:
        message = message_of(model_id)
        self._tile, self._chips = tile_of(message), chips_of(message)

    def mark(self, rgb: np.ndarray) -> np.ndarray:
        """Returns a marked copy of a picture uint8 RGB [H, W, 3]. Grey stays grey: all channels change alike."""
        height, width = rgb.shape[:2]
        noise = cv2.resize(self.noise(rgb), (width, height), interpolation=cv2.INTER_CUBIC)
        marked = np.empty_like(rgb)
        for row in range(0, height, STRIP_ROWS):  # strips stay in the processor's cache
            strip = slice(row, row + STRIP_ROWS)
            marked[strip] = cv2.add(rgb[strip], cv2.merge([noise[strip]] * 3), dtype=cv2.CV_8U)
        return marked

    def noise(self, rgb: np.ndarray) -> np.ndarray:
        """The noise for a picture uint8 RGB [H, W, 3], in grey levels, float32 at the size of its canvas."""
        canvas = to_canvas(rgb)
        noise = self.full_noise(canvas)
        return self.least_gain(canvas, noise, max(rgb.shape[:2])) * noise

    def full_noise(self, canvas: np.ndarray) -> np.ndarray:
        """The noise at gain 1 for a canvas of grey levels, float32 [H, W]."""
        return repeat(self._tile, *canvas.shape) * visibility(canvas)

    def least_gain(self, canvas: np.ndarray, noise: np.ndarray, long_side_px: int) -> float:
        """The least gain with which `noise` is read from a canvas after the trial; the picture's longer side counts."""
        share = TRIAL_SHARE * min(1.0, long_side_px / CANVAS_PX)
        weakest = bisect_left(
            GAINS, TRIAL_AGREEMENT, key=lambda gain: self._agreement(canvas + gain * noise, share)
        )
        return GAINS[min(weakest, len(GAINS) - 1)]

    def _agreement(self, canvas: np.ndarray, share: float) -> float:
        """How well this mark would be read from a canvas after the trial."""
        soft = soft_chips(waves_of(fold(whiten(_try_out(canvas, share)))))
        return agreement(soft, self._chips)


def to_canvas(rgb: np.ndarray) -> np.ndarray:
    """The luma of a picture uint8 RGB [H, W, 3], scaled to `CANVAS_PX` on its longer side: float32 grey levels."""
    height, width = rgb.shape[:2]
    scale = CANVAS_PX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    return cv2.cvtColor(small.astype(np.float32), cv2.COLOR_RGB2GRAY)


def whiten(canvas: np.ndarray) -> np.ndarray:
    """Makes every part of a canvas count alike: without its coarse shades, by its local deviation, outliers clipped."""
    fine = canvas - cv2.GaussianBlur(canvas, (0, 0), 4)
    deviation = np.sqrt(cv2.GaussianBlur(fine * fine, (0, 0), 8)) + 1.0
    return np.clip(fine / deviation, -3, 3)


def visibility(canvas: np.ndarray) -> np.ndarray:
    """How much noise each place hides, in grey levels. The erosion leaves out single edges: noise shows beside them."""
    activity = cv2.blur(np.abs(canvas - cv2.GaussianBlur(canvas, (0, 0), 2.5)), (5, 5))
    activity = cv2.GaussianBlur(cv2.erode(activity, np.ones((9, 9), np.uint8)), (0, 0), 3)
    # The interpolation to the picture's size reaches two pixels far: this erosion keeps it out of white and black.
    to_clipping = cv2.erode(np.clip(np.minimum(canvas, 255 - canvas) / 6, 0, 1), np.ones((5, 5), np.uint8))
    return np.minimum(FLAT_LEVELS + activity / 3, MOST_LEVELS) * to_clipping


def _try_out(canvas: np.ndarray, share: float) -> np.ndarray:
    """What comes back of a canvas that was shrunk to `share`, written as a JPEG and enlarged again."""
    grey = np.clip(np.rint(canvas), 0, 255).astype(np.uint8)
    small = cv2.resize(grey, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    _, content = cv2.imencode(".jpg", small, (cv2.IMWRITE_JPEG_QUALITY, TRIAL_QUALITY))
    small = np.asarray(cv2.imdecode(content, cv2.IMREAD_GRAYSCALE))
    return cv2.resize(small, grey.shape[::-1], interpolation=cv2.INTER_CUBIC).astype(np.float32)
