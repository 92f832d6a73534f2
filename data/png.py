"""Encodes PNG files quickly: the same pixels in a fraction of the time that Pillow's search for filters takes.

OpenCV compresses them with one filter for all rows and with run lengths alone: on photographs the files are as small as
with the best filter for each row. OpenCV writes no metadata, so the chunks of metadata are inserted after the header,
where PNG expects them.
"""

import struct
import zlib

import cv2
import numpy as np

_HEADER_BYTES = 8 + 25  # the signature and the chunk IHDR
_OPTIONS = (
    cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP,
    cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE,
)  # fmt: skip


def encode_png(
    rgb: np.ndarray,
    alpha: np.ndarray | None = None,
    icc_profile: bytes | None = None,
    xmp: bytes | None = None,
) -> bytes:
    """Encodes `rgb` uint8 [H, W, 3] as a PNG file, with `alpha` uint8 [H, W], profile and metadata where given.

    `icc_profile` says what the RGB numbers mean; `xmp` is a packet of metadata. Raises ValueError for a picture
    that PNG cannot hold (a side of more than a million pixels).
    """
    bgr = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2BGR)
    try:
        _, encoded = cv2.imencode(".png", bgr if alpha is None else np.dstack([bgr, alpha]), _OPTIONS)
    except cv2.error as error:
        raise ValueError(f"OpenCV could not encode a picture of shape {rgb.shape} as PNG") from error
    content = encoded.tobytes()
    chunks = [content[:_HEADER_BYTES]]
    if icc_profile is not None:
        chunks.append(_chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(icc_profile)))
    if xmp is not None:  # the zeros say: not compressed, no language
        chunks.append(_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp))
    return b"".join([*chunks, content[_HEADER_BYTES:]])


def _chunk(kind: bytes, content: bytes) -> bytes:
    """Joins length, kind, content and checksum into one chunk."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
