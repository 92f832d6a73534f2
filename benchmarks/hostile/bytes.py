"""Damages the bytes of a file: flipped bits, extreme numbers, missing, doubled, moved and foreign pieces."""

import random
import zlib
from collections.abc import Sequence
from typing import Literal

NUMBERS = (b"\x00" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff", b"\x00\x00\xff\xff", b"\x80\x00\x00\x00")
NEAR = 64  # bytes behind a mark in which its numbers stand


def damage(content: bytes, foreign: bytes, chance: random.Random, marks: Sequence[bytes] = ()) -> bytes:
    """One to four damages of `content`, most of them where formats keep their numbers: at its start and at `marks`."""
    data = bytearray(content)
    places = [at for mark in marks for at in _places(content, mark)]
    for _ in range(chance.randint(1, 4)):
        if places and chance.random() < 0.7:
            at = min(chance.choice(places) + chance.randrange(NEAR), max(0, len(data) - 1))
        else:
            near = min(len(data), 512) if chance.random() < 0.6 else len(data)
            at = chance.randrange(max(1, near))
        length = chance.choice((1, 4, 16, 256, 4096))
        match chance.randrange(9):
            case 0:
                data[at : at + 1] = bytes([data[at] ^ 1 << chance.randrange(8)]) if data else b""
            case 1:
                data[at : at + 4] = chance.choice(NUMBERS)
            case 2:
                del data[at:]
            case 3:
                del data[at : at + length]
            case 4:
                data[at:at] = data[at : at + length]
            case 5:
                start = chance.randrange(len(foreign))
                data[at : at + length] = foreign[start : start + length]
            case 6:
                data[at : at + length] = chance.randbytes(length)
            case 7:
                data[at : at + length] = bytes(len(data[at : at + length]))
            case 8:
                piece = data[at : at + length]
                del data[at : at + length]
                other = chance.randrange(len(data) + 1)
                data[other:other] = piece
    return bytes(data)


def _places(content: bytes, mark: bytes) -> list[int]:
    """Where `mark` stands in `content`."""
    places, at = [], content.find(mark)
    while at >= 0:
        places.append(at)
        at = content.find(mark, at + 1)
    return places


def with_right_checksums(png: bytes) -> bytes:
    """The chunks of a damaged PNG with checksums that fit, so that a reader looks at what is in them."""
    data, at = bytearray(png), 8
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        if end + 4 > len(data):
            break
        data[end : end + 4] = zlib.crc32(data[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return bytes(data)


def chunks(
    content: bytes, order: Literal["big", "little"], head: int, first: int, own: int, even: int = 1
) -> list[bytes]:
    """The start and the chunks of a file of chunks (PNG, RIFF), with what is behind them.

    order: of the bytes of a length. head: bytes before the chunks. first: where in a chunk its length stands. own:
    bytes of a chunk that its length does not count. even: a multiple of this is each chunk's size.
    """
    pieces, at = [content[:head]], head
    while at + 8 <= len(content):
        length = int.from_bytes(content[at + first : at + first + 4], order)
        end = at + max(8, -(-(length + own) // even) * even)
        pieces.append(content[at:end])
        at = end
    return [*pieces, content[at:]] if at < len(content) else pieces


def rearranged(pieces: Sequence[bytes], chance: random.Random) -> bytes:
    """Puts pieces together with one or two left out, doubled or exchanged."""
    pieces = list(pieces)
    for _ in range(chance.randint(1, 2)):
        one, other = chance.randrange(len(pieces)), chance.randrange(len(pieces))
        match chance.randrange(3):
            case 0:
                pieces[one] = b""
            case 1:
                pieces.insert(other, pieces[one])
            case 2:
                pieces[one], pieces[other] = pieces[other], pieces[one]
    return b"".join(pieces)
