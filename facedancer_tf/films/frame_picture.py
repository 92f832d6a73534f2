"""One frame of a film as a picture: regions of it as RGB, and changes of RGB put into it.

The frame keeps its planes: what is not changed stays bit for bit as it was decoded. Boxes are (left, top, right,
bottom) in pixels, right and bottom outside. Chroma that is shared by pixels is taken to lie where MPEG films have it:
at the left one of two columns, between two rows.
"""

from functools import cached_property

import av
import cv2
import numpy as np

from facedancer_tf.films.colours import FULL_RANGE, conversion
from facedancer_tf.films.layout import channel_views, layout_of, native_format

Box = tuple[int, int, int, int]


class FramePicture:
    """A decoded frame, whose planes are copied before the first change (a decoder may still look at them)."""

    def __init__(self, frame: av.VideoFrame) -> None:
        native = native_format(frame.format.name)
        self.frame = frame if native == frame.format.name else frame.reformat(format=native)
        self.width, self.height = frame.width, frame.height
        self._layout = layout_of(native)
        self._is_own = False
        full = frame.color_range == FULL_RANGE or "yuvj" in frame.format.name
        if self._layout.kind == "gray":
            full = frame.color_range != 1
        self._conversion = conversion(int(frame.colorspace), full, self._layout.bits, frame.height)

    def rgb(self, box: Box | None = None) -> np.ndarray:
        """The pixels in `box` (all of them if None), uint8 RGB [h, w, 3]; raises ValueError for a box outside."""
        left, top, right, bottom = self._checked(box)
        channels = self._channels
        if self._layout.kind != "yuv":
            return self._to_rgb([channel[top:bottom, left:right] for channel in channels[:3]])
        luma = channels[0][top:bottom, left:right]
        return self._to_rgb(
            [luma, *(self._chroma(channel, (left, top, right, bottom)) for channel in channels[1:3])]
        )

    def scaled_rgb(self, long_side_px: int) -> np.ndarray:
        """The whole frame, shrunk so that its longer side has `long_side_px`, never enlarged; uint8 RGB [h, w, 3]."""
        if long_side_px >= max(self.width, self.height):
            return self.rgb()
        return self.shrunk_rgb((0, 0, self.width, self.height), long_side_px)

    def shrunk_rgb(self, box: Box, most_px: int) -> np.ndarray:
        """The pixels in `box`, shrunk so that their longer side has `most_px` at most; uint8 RGB [h, w, 3].

        The box must begin and end at even numbers, but for the frame's own end. Raises ValueError for a box outside.
        """
        left, top, right, bottom = self._checked(box)
        scale = most_px / max(right - left, bottom - top)
        if scale >= 1:
            return self.rgb(box)
        size = (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale)))
        luma, *others = self._channels[:3]
        x, y = (self._layout.shift_x, self._layout.shift_y) if self._layout.kind == "yuv" else (0, 0)
        parts = [luma[top:bottom, left:right]]
        parts += [other[top >> y : -(-bottom >> y), left >> x : -(-right >> x)] for other in others]
        return self._to_rgb([_resized(part, size) for part in parts])

    def add(self, box: Box, change: np.ndarray) -> None:
        """Adds a difference of RGB, float32 or int16 [h, w, 3], to the pixels in `box`.

        Pixels of no change keep their Y (or R, G, B) bit for bit, and chroma does where none of the pixels that it
        counts for has changed. Values that a plane cannot hold are clipped.
        """
        left, top, right, bottom = self._checked(box)
        if change.shape != (bottom - top, right - left, 3):
            raise ValueError(
                f"`change` must be [{bottom - top}, {right - left}, 3]. Received: {change.shape}"
            )
        self._make_own()
        change = change.astype(np.float32, copy=False)
        if self._layout.kind == "rgb":
            scale = (2**self._layout.bits - 1) / 255
            for channel, part in zip(self._channels[:3], cv2.split(change), strict=True):
                self._add(channel[top:bottom, left:right], part * scale if scale != 1 else part)
            return
        parts = cv2.split(cv2.transform(change, self._conversion.to_ycc))
        self._add(self._channels[0][top:bottom, left:right], parts[0])
        if self._layout.kind == "yuv":
            for channel, part in zip(self._channels[1:3], parts[1:], strict=True):
                self._add_chroma(channel, (left, top, right, bottom), part)

    def luma(self, long_side_px: int) -> np.ndarray:
        """Grey levels of the whole frame, float32 [h, w], 0 to 255, its longer side shrunk or enlarged to this."""
        size = self._size(long_side_px)
        if self._layout.kind == "rgb":
            rgb = self._to_rgb([_resized(channel, size) for channel in self._channels[:3]])
            return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
        black, white = self._conversion.black, self._conversion.white
        return (_resized(self._channels[0], size).astype(np.float32) - black) * (255 / (white - black))

    def add_luma(self, noise: np.ndarray) -> None:
        """Adds grey levels, float32 [h, w] of any size, enlarged to the frame, to Y, or to R, G and B alike.

        They are added in 127 steps up to the largest, because bytes are enlarged twenty times as fast as floats.
        """
        largest = float(np.abs(noise).max())
        if largest == 0:
            return
        self._make_own()
        is_rgb = self._layout.kind == "rgb"
        span = 2.0**self._layout.bits - 1 if is_rgb else self._conversion.white - self._conversion.black
        small = np.rint(noise * (127 / largest) + 128).astype(np.uint8)
        steps = cv2.resize(small, (self.width, self.height), interpolation=cv2.INTER_CUBIC)
        step = largest / 127 * span / 255
        for channel in self._channels[:3] if is_rgb else self._channels[:1]:
            added = cv2.addWeighted(channel, 1, steps.astype(channel.dtype, copy=False), step, -128 * step)
            channel[:] = self._clipped(added)

    @cached_property
    def _channels(self) -> list[np.ndarray]:
        return channel_views(self.frame)

    def _make_own(self) -> None:
        if not self._is_own:
            self.__dict__.pop("_channels", None)
            self.frame.make_writable()
            self._is_own = True

    def _checked(self, box: Box | None) -> Box:
        left, top, right, bottom = box or (0, 0, self.width, self.height)
        if not (0 <= left < right <= self.width and 0 <= top < bottom <= self.height):
            raise ValueError(f"`box` must lie in {self.width} x {self.height} px. Received: {box}")
        return left, top, right, bottom

    def _size(self, long_side_px: int) -> tuple[int, int]:
        scale = long_side_px / max(self.width, self.height)
        return max(1, round(self.width * scale)), max(1, round(self.height * scale))

    def _to_rgb(self, channels: list[np.ndarray]) -> np.ndarray:
        """RGB of channels of one size, as they are stored."""
        bits = self._layout.bits
        if self._layout.kind == "rgb":
            rgb = cv2.merge(channels)
            return rgb if bits == 8 else cv2.convertScaleAbs(rgb, alpha=255 / (2**bits - 1))
        matrix = self._conversion.to_rgb
        if self._layout.kind == "gray":
            matrix = np.stack([matrix[:, 0], np.full(3, -self._conversion.black * matrix[0, 0])], axis=1)
        rgb = cv2.transform(cv2.merge(channels) if len(channels) > 1 else channels[0], matrix)
        return rgb if bits == 8 else np.minimum(rgb, 255).astype(np.uint8)

    def _chroma(self, channel: np.ndarray, box: Box) -> np.ndarray:
        """The part of a chroma channel that belongs to `box`, enlarged to the pixels there."""
        left, top, right, bottom = box
        shift_x, shift_y = self._layout.shift_x, self._layout.shift_y
        if not shift_x and not shift_y:
            return channel[top:bottom, left:right]
        column, row = max(0, (left >> shift_x) - 1), max(0, (top >> shift_y) - 1)
        part = channel[row : (bottom >> shift_y) + 2, column : (right >> shift_x) + 2]
        across, down = 0.5**shift_x, 0.5**shift_y
        places = np.array([[across, 0, left * across - column], [0, down, (top + 0.5) * down - 0.5 - row]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(
            part, places, (right - left, bottom - top), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )

    def _add_chroma(self, channel: np.ndarray, box: Box, change: np.ndarray) -> None:
        """Adds the mean change of the pixels that each value of a chroma channel counts for."""
        left, top, right, bottom = box
        shift_x, shift_y = self._layout.shift_x, self._layout.shift_y
        if not shift_x and not shift_y:
            self._add(channel[top:bottom, left:right], change)
            return
        reach = 2**shift_x - 1  # of a value to both sides, in pixels
        first, last = left >> shift_x, min((right - 1 + reach) >> shift_x, channel.shape[1] - 1)
        upper, lower = top >> shift_y, (bottom - 1) >> shift_y
        before, after = left - (first << shift_x) + reach, (last << shift_x) + reach + 1 - right
        above, below = top - (upper << shift_y), ((lower + 1) << shift_y) - bottom
        part = cv2.copyMakeBorder(change, above, below, before, after, cv2.BORDER_CONSTANT, value=0)
        if left == 0:  # beyond the frame, all is as at its edge
            part[:, :before] = part[:, before : before + 1]
        if right == self.width and after:
            part[:, -after:] = part[:, -after - 1 : -after]
        if bottom == self.height and below:
            part[-below:] = part[-below - 1 : -below]
        part = cv2.resize(part, (part.shape[1], lower - upper + 1), interpolation=cv2.INTER_AREA)
        weights = np.bartlett(2 * reach + 3)[1:-1] / (reach + 1)  # falls to both sides; its sum is 1
        part = cv2.sepFilter2D(part, -1, weights, np.ones(1))[:, reach :: reach + 1]
        self._add(channel[upper : lower + 1, first : last + 1], part[:, : last - first + 1])

    def _add(self, region: np.ndarray, change: np.ndarray) -> None:
        """Adds float32 changes, in stored levels, to a region of a channel, rounded and clipped."""
        depth = cv2.CV_8U if region.dtype == np.uint8 else cv2.CV_16U
        region[:] = self._clipped(cv2.add(np.ascontiguousarray(region), change, dtype=depth))

    def _clipped(self, values: np.ndarray) -> np.ndarray:
        """No value larger than the format's bits can say; bytes and 16 bits are clipped already."""
        bits = self._layout.bits
        return values if bits in (8, 16) else np.minimum(values, 2**bits - 1)


def _resized(channel: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A channel shrunk by areas, or enlarged cubically, to `size` (width, height)."""
    shrinks = size[0] <= channel.shape[1] and size[1] <= channel.shape[0]
    channel = np.ascontiguousarray(channel) if channel.strides[1] != channel.itemsize else channel
    return cv2.resize(channel, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
