"""Makes black PNG files of every depth, colour type and order of rows, whole or with too few rows."""

import struct
import zlib

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, depth: int, colour: int, interlaced: int, missing: int = 0) -> bytes:
    """A black PNG whose closed stream of data lacks its last `missing` bytes (below 0: has some too many)."""
    rows = b""
    for left, top, step_x, step_y in PASSES if interlaced else ((0, 0, 1, 1),):
        columns, lines = len(range(left, width, step_x)), len(range(top, height, step_y))
        if columns:
            rows += bytes(1 + -(-columns * depth * CHANNELS[colour] // 8)) * lines
    data = zlib.compress((rows + bytes(500))[: len(rows) - missing])
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    palette = chunk(b"PLTE", bytes(3 * 2 ** min(depth, 8))) if colour == 3 else b""
    middle = len(data) // 2
    pieces = chunk(b"IDAT", data[:middle]) + chunk(b"IDAT", data[middle:])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + palette + pieces + chunk(b"IEND", b"")


def wide_claim() -> bytes:
    """A file of 70 bytes or so that claims 1,000 rows of 150,000 pixels and holds none of them."""
    head = struct.pack(">IIBBBBB", 150_000, 1_000, 1, 0, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(b""))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + data + chunk(b"IEND", b"")
