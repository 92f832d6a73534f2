"""Finds damage in JPEG files that Pillow passes over in silence: it shifts blocks or fills missing rows with grey.

libjpeg reports most of it as warnings, which Pillow drops and simplejpeg (another binding of the same library) raises.
A run of zeros, as a bad disk or a broken download leaves it, is also looked for: by chance libjpeg may be in step again
behind it and then reports nothing.
"""

import re

import simplejpeg

SCANS_MAX = 40  # a progressive picture has ten or so; each further one costs time and hardly a byte
SEGMENTS_MAX = 10_000  # a colour profile may have 255
FILL_MAX_BYTES = 1 << 16  # before the first scan, where Pillow goes through them one by one
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # neither stuffed zero, fill byte nor restart mark
_END, _SCAN, _HUFFMAN = 0xD9, 0xDA, 0xC4
_WITHOUT_LENGTH = (0x01, 0xD8)
_ARITHMETIC = range(0xC9, 0xD0)  # start of frame; these code without Huffman tables
_ZEROS = bytes(64)
# libjpeg also warns of odd headers, which do no harm to the pixels.
_DAMAGE = ("Corrupt JPEG data", "Premature end", "Inconsistent progression")


class TooManyPieces(ValueError):
    """A JPEG has more than SCANS_MAX scans or SEGMENTS_MAX segments: it would take minutes to decode."""


def complete_jpeg(content: bytes) -> bytes:
    """Returns `content`, with an end mark where it has none: that alone does no harm.

    Raises ValueError for a run of zeros in a scan where no encoder writes one and for bytes that belong to no segment,
    and TooManyPieces.
    """
    position, scans, segments, fill_bytes = 2, 0, 0, 0
    zero_symbols: dict[int, int] = {}  # AC table → the symbol whose code is all zeros
    huffman = True
    while (marker := _MARKER.search(content, position)) is not None:
        if not scans:
            fill_bytes += marker.start() - position
        if fill_bytes > FILL_MAX_BYTES:
            raise ValueError(f"more than {FILL_MAX_BYTES:,} bytes of no segment before its first scan")
        code, position = content[marker.end() - 1], marker.end()
        if code == _END:
            return content
        if code in _WITHOUT_LENGTH:
            continue
        segments += 1
        if segments > SEGMENTS_MAX:
            raise TooManyPieces(f"a JPEG of more than {SEGMENTS_MAX:,} segments takes too long to decode")
        length = int.from_bytes(content[position : position + 2])
        segment = content[position + 2 : position + length]
        position += max(length, 2)
        if code == _HUFFMAN:
            zero_symbols |= _zero_symbols(segment)
        elif code in _ARITHMETIC:
            huffman = False
        elif code == _SCAN:
            scans += 1
            if scans > SCANS_MAX:
                raise TooManyPieces(f"a JPEG of more than {SCANS_MAX} scans takes too long to decode")
            if huffman and _never_all_zeros(segment, zero_symbols):
                following = _MARKER.search(content, position)
                stop = len(content) if following is None else following.start()
                if content.find(_ZEROS, position, stop) >= 0:
                    raise ValueError("a part of its data was overwritten with zeros")
    return content + b"\xff\xd9"


def check_jpeg(content: bytes) -> None:
    """Raises ValueError where libjpeg warns of damaged or missing data in the picture that `content` holds.

    The picture is decoded at an eighth of its size, for which all of its data is read. Subsampling that simplejpeg does
    not know (no camera's) is not checked.
    """
    try:
        simplejpeg.decode_jpeg(content, "GRAY", min_factor=8, min_height=1, min_width=1)
    except ValueError as error:
        if str(error).startswith(_DAMAGE):
            raise ValueError(str(error)) from error


def _zero_symbols(segment: bytes) -> dict[int, int]:
    """The symbol with the all-zero code, which is the first one, of each AC table in a segment of Huffman tables."""
    symbols, position = {}, 0
    while position + 17 < len(segment):
        kind, number = segment[position] >> 4, segment[position] & 15
        if kind == 1:
            symbols[number] = segment[position + 17]
        position += 17 + sum(segment[position + 1 : position + 17])
    return symbols


def _never_all_zeros(header: bytes, zero_symbols: dict[int, int]) -> bool:
    """Whether a long run of zeros is no sound data in the scan with this header.

    It is none where the all-zero code stands for a coefficient: every frequency of several blocks would be -1. It may
    be sound where that code ends a block, in scans of DC coefficients, and in scans that refine others.
    """
    components = header[0] if header else 0
    if len(header) < 4 + 2 * components:
        return False
    tables = [header[2 + 2 * number] & 15 for number in range(components)]
    last_coefficient, refined = header[2 + 2 * components], header[3 + 2 * components] >> 4
    return last_coefficient > 0 and not refined and any(zero_symbols.get(t, 0) & 15 for t in tables)
