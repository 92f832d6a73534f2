"""Finds PNG files whose data does not fill their size: Pillow leaves the missing rows black."""

import struct
import zlib
from typing import BinaryIO

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_PIECE = 1 << 20
CHUNKS_MAX = 250_000  # the largest file in chunks of libpng's usual size has half as many


def has_too_many_chunks(file: BinaryIO) -> bool:
    """Whether the PNG in `file` has more than CHUNKS_MAX chunks: empty ones take Pillow minutes and no room."""
    file.seek(8)
    for _ in range(CHUNKS_MAX):
        head = file.read(8)
        if len(head) < 8 or head[4:] == b"IEND":
            return False
        file.seek(int.from_bytes(head[:4]) + 4, 1)
    return True


def check_png(file: BinaryIO) -> None:
    """Raises ValueError where the rows in `file` are fewer than its header says, zlib.error where they are damaged.

    It decompresses the data piece by piece, so it needs little memory, and it stops where the rows are complete.
    """
    file.seek(8)
    missing, stream = 0, zlib.decompressobj()
    while not stream.eof and len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind == b"IHDR":
            missing = _bytes_of_rows(file.read(length))
            file.seek(4, 1)
        elif kind == b"IDAT":
            while length and not stream.eof and missing >= 0:
                piece = file.read(min(length, _PIECE))
                if not piece:
                    break
                length -= len(piece)
                missing -= _decompressed(stream, piece, missing)
            file.seek(length + 4, 1)
        elif kind == b"IEND" or missing < 0:
            break
        else:
            file.seek(length + 4, 1)
    if missing > 0:
        raise ValueError("its data ends before its last row")


def _decompressed(stream: "zlib._Decompress", piece: bytes, at_most: int) -> int:
    """How many bytes `stream` makes of `piece`; it stops one byte after `at_most`."""
    count = 0
    while piece and count <= at_most:
        made = stream.decompress(piece, min(_PIECE, at_most - count + 1))
        count += len(made)
        piece = stream.unconsumed_tail
        if not made:
            break
    return count


def _bytes_of_rows(header: bytes) -> int:
    """The bytes of all rows, with the filter byte before each, that a picture with this header has."""
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header[:13])
    bits = depth * _CHANNELS.get(colour, 0)
    passes = _PASSES if interlaced else ((0, 0, 1, 1),)
    total = 0
    for left, top, step_x, step_y in passes:
        columns, rows = -(-(width - left) // step_x), -(-(height - top) // step_y)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * bits + 7) // 8)
    return total
