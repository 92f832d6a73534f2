"""Makes small colour profiles (ICC version 2) for tests, whose colours can be computed by hand."""

import struct
from collections.abc import Mapping

# sRGB's own primaries, red and green exchanged: what the profile calls (255, 0, 0) is green in sRGB.
EXCHANGED = {"r": (0.3851, 0.7169, 0.0971), "g": (0.4361, 0.2225, 0.0139), "b": (0.1431, 0.0606, 0.7141)}


def rgb_profile(primaries: Mapping[str, tuple[float, float, float]], gamma: float) -> bytes:
    """A profile of RGB numbers. primaries: by letter (r, g, b), XYZ [3] under D50, of which the sum is white."""
    tags = {f"{letter}XYZ".encode(): _xyz(*xyz) for letter, xyz in primaries.items()}
    tags |= {f"{letter}TRC".encode(): _curve(gamma) for letter in primaries}
    return _profile(b"RGB ", b"XYZ ", tags)


def grey_profile(gamma: float) -> bytes:
    """A profile of grey numbers: light is number ** gamma."""
    return _profile(b"GRAY", b"XYZ ", {b"kTRC": _curve(gamma)})


def cmyk_profile(lightness_of_black: int) -> bytes:
    """A profile in which ink K alone makes a grey of CIE L* `lightness_of_black` / 2.55, and C, M and Y do nothing."""
    nodes = bytes(v for node in range(16) for v in ((lightness_of_black if node & 1 else 255), 128, 128))
    identity = bytes(range(256))
    matrix = b"".join(_fixed(v) for v in (1, 0, 0, 0, 1, 0, 0, 0, 1))
    lut = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + matrix + identity * 4 + nodes + identity * 3
    return _profile(b"CMYK", b"Lab ", {b"A2B0": lut})


def _profile(space: bytes, connection: bytes, tags: Mapping[bytes, bytes]) -> bytes:
    tags = {**tags, b"wtpt": _xyz(0.9642, 1.0, 0.8249)}
    table, data, offset = b"", b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        content += bytes(-len(content) % 4)
        table += name + struct.pack(">II", offset + len(data), len(content))
        data += content
    kind = b"prtr" if space == b"CMYK" else b"mntr"
    head = struct.pack(
        ">I4sI4s4s4s12x4s", offset + len(data), b"", 0x02100000, kind, space, connection, b"acsp"
    )
    head += bytes(28) + b"".join(map(_fixed, (0.9642, 1.0, 0.8249)))
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _xyz(x: float, y: float, z: float) -> bytes:
    return b"XYZ " + bytes(4) + _fixed(x) + _fixed(y) + _fixed(z)


def _curve(gamma: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
