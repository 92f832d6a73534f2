"""How the pixels of a film's frames lie in memory: the channels of every pixel format as arrays.

A format is read and changed as it is where it holds 8 to 16 bits a channel in bytes of its own: planes of Y, Cb and Cr,
grey, planes of RGB, and packed RGB. All others (palettes, packed YUV, big-endian ones) are converted once, by swscale,
to the one of these that holds the same.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import av
import numpy as np

PLANAR = re.compile(r"(yuvj?|yuva)4(20|22|44|40|11|10)p(\d+le)?|nv12|nv21|gray(\d+le)?|gbra?p(\d+le)?")
# Where a pixel's red, green and blue are among its bytes.
PACKED = {
    "rgb24": (0, 1, 2), "bgr24": (2, 1, 0), "rgba": (0, 1, 2), "bgra": (2, 1, 0), "argb": (1, 2, 3),
    "abgr": (3, 2, 1), "rgb0": (0, 1, 2), "bgr0": (2, 1, 0), "0rgb": (1, 2, 3), "0bgr": (3, 2, 1),
}  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """What the channels are ("yuv": Y, Cb, Cr), their bits, and by how many bits the place in chroma is shifted."""

    kind: Literal["yuv", "gray", "rgb"]
    bits: int
    shift_x: int = 0
    shift_y: int = 0


@lru_cache(maxsize=64)
def native_format(name: str) -> str:
    """The format of this name, or the one that it is converted to before it is read."""
    if PLANAR.fullmatch(name) or name in PACKED:
        return name
    form = av.VideoFormat(name, 16, 16)
    parts = form.components
    bits = max(part.bits for part in parts)
    depth = f"{bits}le" if bits > 8 else ""
    alpha = any(part.is_alpha for part in parts)
    if form.is_rgb or form.has_palette or (alpha and len(parts) == 2):
        alpha = alpha or form.has_palette
        return ("gbrap" if alpha else "gbrp") + depth if depth else "rgba" if alpha else "rgb24"
    if len(parts) == 1:
        return "gray" + depth
    across, down = 16 // parts[1].width, 16 // parts[1].height
    chroma = {(2, 2): "420", (2, 1): "422"}.get((across, down), "444")
    return f"yuv{'a' if alpha else ''}{chroma}p{depth}"


@lru_cache(maxsize=64)
def layout_of(name: str) -> Layout:
    """The layout of a native format."""
    form = av.VideoFormat(name, 16, 16)
    parts = form.components
    if name in PACKED or form.is_rgb:
        return Layout("rgb", parts[0].bits)
    if len(parts) == 1:
        return Layout("gray", parts[0].bits)
    across, down = 16 // parts[1].width, 16 // parts[1].height
    return Layout("yuv", parts[0].bits, across.bit_length() - 1, down.bit_length() - 1)


def holds_alpha(name: str) -> bool:
    """Whether pixels in the format of this name have a transparency."""
    return any(part.is_alpha for part in av.VideoFormat(name).components)


def channel_views(frame: av.VideoFrame) -> list[np.ndarray]:
    """The channels of a frame in a native format, as views uint8 or uint16 [H, W] (chroma as it is stored), alpha last.

    What is written into them is in the frame, if it is writable.
    """
    name = frame.format.name
    if name in PACKED:
        pixels = _plane(frame, 0, frame.height, np.dtype(np.uint8))
        size = av.VideoFormat(name).padded_bits_per_pixel // 8
        pixels = pixels[:, : frame.width * size].reshape(frame.height, frame.width, size)
        return [pixels[..., place] for place in PACKED[name]]
    views: list[np.ndarray] = []
    parts = frame.format.components
    shared = len(frame.planes) < len(parts)  # Cb and Cr of nv12 take turns
    for part in parts:
        kind = np.dtype(np.uint8 if part.bits == 8 else "<u2")
        rows = _plane(frame, part.plane, part.height, kind)
        if shared and part.plane == 1:
            second = (len(views) == 2) != (name == "nv21")
            views.append(rows[:, int(second) : 2 * part.width : 2])
        else:
            views.append(rows[:, : part.width])
    return views


def _plane(frame: av.VideoFrame, index: int, height: int, kind: np.dtype) -> np.ndarray:
    """A plane's rows with their padding, [height, line]."""
    plane: Any = frame.planes[index]
    return np.frombuffer(plane, kind).reshape(-1, plane.line_size // kind.itemsize)[:height]
