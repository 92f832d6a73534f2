"""Adds an XMP packet to a finished file, where the format's own encoder cannot be told of one."""

from pathlib import Path
from shutil import copyfileobj

from data.whole_files import whole_file

_GIF_KIND = b"\x21\xff\x0bXMP DataXMP"
_GIF_TAIL = bytes(
    (1, *range(255, -1, -1), 0)
)  # leads a reader that takes the packet for sub-blocks to its end
_GIF_READ = 2**24
_GIF_HEADER, _HAS_PALETTE, _PALETTE_SIZE = 13, 0x80, 0x07
_MP4_KIND = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")  # the UUID of boxes that hold XMP


def add_xmp_to_gif(path: Path, xmp: bytes) -> None:
    """Adds a packet to the GIF at `path`, before its first frame, where readers of pictures look."""
    with path.open("rb") as old, whole_file(path) as new:
        header = old.read(_GIF_HEADER)
        palette = 3 * 2 ** (1 + (header[10] & _PALETTE_SIZE)) if header[10] & _HAS_PALETTE else 0
        new.write(header + old.read(palette) + _GIF_KIND + xmp + _GIF_TAIL)
        copyfileobj(old, new)


def xmp_of_gif(path: Path) -> bytes:
    """The XMP packet of the GIF at `path`, wherever it lies in its first megabytes; b"" where there is none."""
    with path.open("rb") as file:
        _, kind, rest = file.read(_GIF_READ).partition(_GIF_KIND)
    return rest.partition(_GIF_TAIL)[0] if kind else b""


def add_xmp_to_mp4(path: Path, xmp: bytes) -> None:
    """Adds a packet to the end of the MP4 or QuickTime file at `path`."""
    content = b"uuid" + _MP4_KIND + xmp
    with path.open("ab") as file:
        file.write((len(content) + 4).to_bytes(4, "big") + content)
