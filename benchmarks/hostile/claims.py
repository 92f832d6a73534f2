"""Pictures that claim many pixels: a few bytes, or rows that are there and hold nothing but zeros."""

import random
import struct

from benchmarks.hostile.bytes import with_right_checksums
from benchmarks.hostile.zips import deflated_zeros

SIZES = ((150_000_000, 1), (1, 150_000_000), (12_247, 12_247), (16_383, 6_103), (65_535, 65_535), (65_500, 2_290),
         (2**31 - 1, 1), (4_000, 4_000), (0, 9), (2**24, 2**24))  # fmt: skip
KINDS_OF_PNG = (
    (0, 1),
    (0, 8),
    (0, 16),
    (2, 8),
    (2, 16),
    (3, 1),
    (3, 8),
    (4, 8),
    (6, 8),
    (6, 16),
)  # colour, depth
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
ROWS_MAX_BYTES = 1 << 30  # of zeros; above this, the rows are missing


def zeros_png(width: int, height: int, colour: int, depth: int, interlaced: bool = False) -> bytes:
    """A PNG of this size with all its rows, if they are not too many; an interlaced one has them as if it were not."""
    count = height * (1 + (width * CHANNELS[colour] * depth + 7) // 8)
    count = count if count <= ROWS_MAX_BYTES else 1000
    data = b"\x78\xda" + deflated_zeros(count) + struct.pack(">HH", count % 65521, 1)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))]
    chunks += [(b"PLTE", bytes(6))] * (colour == 3) + [(b"IDAT", data), (b"IEND", b"")]
    return with_right_checksums(
        b"\x89PNG\r\n\x1a\n" + b"".join(struct.pack(">I4s", len(c), n) + c + bytes(4) for n, c in chunks)
    )


def claiming(name: str, content: bytes, chance: random.Random) -> bytes:
    """The picture with another width and height in its head; a PNG is made anew."""
    width, height = chance.choice(SIZES)
    data = bytearray(content)
    match name.rpartition(".")[2]:
        case "png":
            return zeros_png(width, height, *chance.choice(KINDS_OF_PNG), chance.random() < 0.2)
        case "bmp":
            data[18:26] = struct.pack(
                "<ii", min(width, 2**31 - 1), chance.choice((1, -1)) * min(height, 2**31 - 1)
            )
        case "jpg":
            at = max(content.find(b"\xff\xc0"), content.find(b"\xff\xc2"))
            data[at + 5 : at + 9] = struct.pack(">HH", min(height, 65_535), min(width, 65_535))
        case "webp":
            width, height = min(width, 16_384), min(height, 16_384)
            if (at := content.find(b"VP8 ")) >= 0:
                data[at + 14 : at + 18] = struct.pack("<HH", width, height)
            if (at := content.find(b"VP8L")) >= 0:
                data[at + 9 : at + 13] = struct.pack(
                    "<I", (width - 1) & 0x3FFF | ((height - 1) & 0x3FFF) << 14
                )
            if (at := content.find(b"VP8X")) >= 0:
                sizes = (max(width, 1) - 1).to_bytes(3, "little") + (max(height, 1) - 1).to_bytes(3, "little")
                data[at + 12 : at + 18] = sizes
    return bytes(data)
