"""Writes zip files, of which every field can lie."""

import bz2
import lzma
import random
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

STORED, DEFLATED, BZIP2, LZMA = 0, 8, 12, 14
ZEROS_BYTES = 1 << 24  # one block of bzip2
BZIP2_END = f"{0x177245385090:048b}"
NUMBERS = (0, 1, 100, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF)
NAMES = ("../x.png", "/tmp/x.png", "a/../../x.png", "", ".", "x\0.png", "a" * 300 + ".png", "C:\\x.png", "\u202egnp.x",
         "dir/", "a" * 60_000)  # fmt: skip


@dataclass(frozen=True)
class Member:
    """One member: what its heads say, and the bytes that stand between them."""

    name: str
    packed: bytes
    size: int
    crc: int
    method: int = DEFLATED
    flags: int = 0
    packed_size: int = -1  # as the heads say; -1: the true one


def member(name: str, content: bytes, method: int = DEFLATED) -> Member:
    """An honest member."""
    if method == DEFLATED:
        packed = zlib.compress(content, 6)[2:-4]
    elif method == BZIP2:
        packed = bz2.compress(content)
    elif method == LZMA:
        stream = lzma.compress(content, lzma.FORMAT_ALONE)
        packed = struct.pack("<BBH", 9, 4, 5) + stream[:5] + stream[13:]
    else:
        packed = content
    return Member(name, packed, len(content), zlib.crc32(content), method)


def deflated_zeros(count: int) -> bytes:
    """What deflate makes of so many zeros."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(ZEROS_BYTES)) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * (count // ZEROS_BYTES) + packer.compress(bytes(count % ZEROS_BYTES)) + packer.flush()


@cache
def bomb(method: int, size: int = 3 << 30) -> bytes:
    """Bytes that unpack to so many zeros, made at once: all blocks of packed zeros are alike."""
    if method == DEFLATED:
        return deflated_zeros(size)
    zeros = bytes(ZEROS_BYTES)
    times = size // ZEROS_BYTES
    # Blocks of bzip2 begin and end within bytes, and its end has a checksum of all of theirs.
    bits = "".join(f"{byte:08b}" for byte in bz2.compress(zeros))
    end = bits.index(BZIP2_END)
    blocks = bits[32:end]
    own, checksum = int(blocks[48:80], 2), 0
    for _ in range(times):
        checksum = (checksum << 1 & 0xFFFFFFFF | checksum >> 31) ^ own
    bits = bits[:32] + blocks * times + BZIP2_END + f"{checksum:032b}"
    return int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")


def write_zip(members: list[Member], ends: int = -1) -> bytes:
    """The zip file of these members; `ends` is how many its end counts, -1 the true number."""
    body, directory = b"", b""
    for one in members:
        name = one.name.encode("utf-8", "surrogateescape")[:0xFFFF]
        packed_size = len(one.packed) if one.packed_size < 0 else one.packed_size
        fields = struct.pack("<HHHHHIIIHH", 20, one.flags | 0x800, one.method, 0, 33, one.crc, packed_size, one.size,
                             len(name), 0)  # fmt: skip
        directory += (
            b"PK\1\2" + struct.pack("<H", 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, len(body)) + name
        )
        body += b"PK\3\4" + fields + name + one.packed
    count = len(members) if ends < 0 else ends
    return (
        body
        + directory
        + b"PK\5\6"
        + struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(body), 0)
    )


def damaged_zip(contents: Mapping[str, bytes], chance: random.Random) -> bytes:
    """A zip file of these members in which one or two lie about themselves, are packed in an odd way or never end."""
    members = [member(name, content, chance.choice((STORED, DEFLATED))) for name, content in contents.items()]
    for _ in range(chance.randint(1, 2)):
        at = chance.randrange(len(members))
        one, content = members[at], chance.choice(list(contents.values()))
        match chance.randrange(9):
            case 0:
                one = replace(one, size=chance.choice(NUMBERS))
            case 1:
                one = replace(one, packed_size=chance.choice(NUMBERS))
            case 2:
                one = replace(one, crc=chance.choice(NUMBERS))
            case 3:
                one = replace(one, method=chance.choice((0, 1, 6, 8, 9, 12, 14, 93, 95, 97, 99)))
            case 4:
                one = replace(one, flags=1 << chance.randrange(16))
            case 5:
                one = replace(one, name=chance.choice((*NAMES, *contents)))
            case 6:
                one = member(one.name, content, chance.choice((BZIP2, LZMA)))
            case 7:
                method = chance.choice((DEFLATED, DEFLATED, BZIP2))
                one = replace(
                    one, packed=bomb(method), method=method, size=chance.choice((one.size, 3 << 30))
                )
            case 8:
                members.insert(at, one)
        members[at] = one
    return write_zip(members, chance.choice((-1, -1, -1, -1, 0, 1, 0xFFFF)))
