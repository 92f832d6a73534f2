"""Tests that reading a picture keeps its bounds on memory and that a picture too large for them is refused in time."""

import struct
import subprocess
import sys
import time
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from data.picture_reading import RUN_LENGTH_PIXELS_MAX, WEBP_PIXELS_MAX, UnreadablePicture, read_picture
from tests.data.black_png import chunk

ROOT = Path(__file__).resolve().parents[2]
READ = """
import resource, sys
from data.pictures import read_picture
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before = peak()
pixels = [read_picture(path).rgb[..., 0].size for path in sys.argv[1:]]
print((peak() - before) / max(pixels))
"""


@pytest.mark.parametrize(
    ("name", "mode", "options", "bytes_per_pixel"),
    [
        ("a.webp", "RGBA", {"quality": 50, "method": 0}, 18),
        ("a.jpg", "CMYK", {"progressive": True}, 13),
        ("a.png", "RGBA", {}, 13),
        ("a.png", "1", {}, 13),
        ("a.bmp", "RGB", {}, 13),
    ],
)
def test_memory_grows_with_the_pixels_and_no_faster(
    tmp_path: Path, name: str, mode: str, options: dict[str, Any], bytes_per_pixel: float
) -> None:
    path = tmp_path / name
    Image.new(mode, (4000, 2500)).save(path, exif=Image.Exif(), **options)
    command = [sys.executable, "-c", READ, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, cwd=ROOT)
    assert float(done.stdout) <= bytes_per_pixel  # times the most pixels of the format: 2 GB


def test_each_format_has_its_most_pixels(tmp_path: Path) -> None:
    side = int(WEBP_PIXELS_MAX**0.5) + 1
    Image.new("RGB", (9, 9)).save(tmp_path / "a.webp", lossless=True)
    content = bytearray((tmp_path / "a.webp").read_bytes())
    content[21:25] = (side - 1 | (side - 1) << 14).to_bytes(4, "little")  # width and height, less one
    (tmp_path / "a.webp").write_bytes(content)
    side = int(RUN_LENGTH_PIXELS_MAX**0.5) + 1
    Image.new("P", (side, 1)).save(tmp_path / "a.bmp")
    content = bytearray((tmp_path / "a.bmp").read_bytes())
    content[22:26] = side.to_bytes(4, "little")  # as high as wide
    content[30] = 1  # run lengths
    (tmp_path / "a.bmp").write_bytes(content)
    for name in ("a.webp", "a.bmp"):
        with pytest.raises(UnreadablePicture, match=r"more than .* pixels") as caught:
            read_picture(tmp_path / name)
        assert caught.value.reason == "too_large"


def grey_png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of 8-bit grey with this size and these chunks behind its header."""
    header = (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in (header, *chunks, (b"IEND", b"")))


ROW = (b"IDAT", zlib.compress(bytes(10)))
SMALL_JPEG = BytesIO()
Image.new("RGB", (9, 9)).save(SMALL_JPEG, "JPEG")
JPEG = SMALL_JPEG.getvalue()


@pytest.mark.parametrize(
    ("content", "reason", "says"),
    [
        (grey_png(150_000_000, 1, ROW), "too_large", "200,000 pixels a side"),
        (grey_png(9, 1, *[(b"tEXt", b"a\0b")] * 250_000, ROW), "too_large", "250,000 pieces"),
        (JPEG[:2] + b"\xff\xfe\0\2" * 10_001 + JPEG[2:], "too_large", "10,000 segments"),
        (JPEG[:2] + b"\xff" * 70_000 + JPEG[2:], "truncated", "bytes of no segment"),
        (JPEG[:20] + bytes(70_000) + JPEG[20:], "truncated", "bytes of no segment"),
    ],
)
def test_what_costs_time_and_hardly_a_byte_is_refused(
    tmp_path: Path, content: bytes, reason: str, says: str
) -> None:
    (tmp_path / "a").write_bytes(content)
    start = time.process_time()
    with pytest.raises(UnreadablePicture, match=says) as caught:
        read_picture(tmp_path / "a")
    assert caught.value.reason == reason
    assert time.process_time() - start < 1


BOMB = zlib.compress(bytes(1 << 26))


@pytest.mark.parametrize(
    "chunks",
    [
        [(b"zTXt", b"a\0\0" + BOMB), ROW],
        [(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + BOMB), ROW],
        [(b"iCCP", b"a\0\0" + BOMB), ROW],
        [*[(b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 20)))] * 80, ROW],
        [ROW, (b"zTXt", b"a\0\0" + BOMB)],
        [(b"IDAT", BOMB)],
    ],
    ids=["zTXt", "iTXt", "iCCP", "many", "behind the rows", "rows"],
)
def test_what_unpacks_to_much_takes_little_memory(tmp_path: Path, chunks: list[tuple[bytes, bytes]]) -> None:
    (tmp_path / "a").write_bytes(grey_png(9, 1, *chunks))
    code = READ.replace("read_picture(path).rgb[..., 0].size", "read_or_refuse(path)").replace(
        "before =",
        "from data.pictures import UnreadablePicture\n"
        "def read_or_refuse(path):\n    try: read_picture(path)\n    except UnreadablePicture: pass\n    return 1\n"
        "before =",
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, cwd=ROOT)
    assert float(done.stdout) < 50e6


def test_run_lengths_are_no_longer_than_their_pixels_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.picture_reading.RUN_LENGTH_MAX_BYTES", 5000)
    Image.new("P", (9, 9)).save(tmp_path / "a.bmp")
    content = bytearray((tmp_path / "a.bmp").read_bytes())
    content[30] = 1  # run lengths
    (tmp_path / "a.bmp").write_bytes(content + b"\xff\0" * 3000)
    with pytest.raises(UnreadablePicture, match="5,000 bytes of run lengths") as caught:
        read_picture(tmp_path / "a.bmp")
    assert caught.value.reason == "too_large"


def test_a_computer_without_enough_memory_is_not_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    monkeypatch.setattr(PngImageFile, "load", fail)
    with pytest.raises(UnreadablePicture, match="needs more memory") as caught:
        read_picture(tmp_path / "a.png")
    assert caught.value.reason == "too_large"
