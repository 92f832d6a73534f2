"""Tests that reading a picture keeps its bounds on memory and that a picture too large for them is refused in time."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from data.picture_reading import RUN_LENGTH_PIXELS_MAX, WEBP_PIXELS_MAX, UnreadablePicture, read_picture

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
