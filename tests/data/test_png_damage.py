"""Tests that a PNG whose data does not fill its size is damage, for every depth, colour type and order of rows."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.pictures import UnreadablePicture, read_picture
from tests.data.black_png import png, wide_claim


@pytest.mark.parametrize("interlaced", [0, 1])
@pytest.mark.parametrize(
    ("depth", "colour"), [(1, 0), (8, 0), (16, 0), (8, 2), (16, 2), (4, 3), (8, 3), (8, 4), (8, 6), (16, 6)]
)
@pytest.mark.parametrize("size", [(1, 1), (3, 5), (37, 21)])
def test_missing_rows_are_damage(
    tmp_path: Path, depth: int, colour: int, interlaced: int, size: tuple[int, int]
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png(*size, depth, colour, interlaced))
    assert read_picture(path).rgb.shape == (*size[::-1], 3)
    path.write_bytes(png(*size, depth, colour, interlaced, missing=1))
    with pytest.raises(UnreadablePicture, match="its data ends before its last row") as caught:
        read_picture(path)
    assert caught.value.reason == "truncated"


def test_a_small_file_that_claims_a_huge_picture_is_damage(tmp_path: Path) -> None:
    (tmp_path / "wide.png").write_bytes(wide_claim())
    with pytest.raises(UnreadablePicture, match="its data ends before") as caught:
        read_picture(tmp_path / "wide.png")
    assert caught.value.reason == "truncated"


def test_a_wrong_checksum_is_damage(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png", compress_level=0)  # stored: every flip stays decodable
    content = bytearray((tmp_path / "a.png").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(UnreadablePicture, match="truncated or damaged"):
        read_picture(tmp_path / "a.png")


def test_data_behind_the_last_row_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(9, 9, 8, 2, 0, missing=-500))
    assert read_picture(tmp_path / "a.png").rgb.shape == (9, 9, 3)


def test_missing_rows_of_a_closed_stream_are_not_black(tmp_path: Path) -> None:
    (tmp_path / "tall.png").write_bytes(png(3, 4000, 16, 6, 0, missing=88_000))  # Pillow alone reads it
    with pytest.raises(UnreadablePicture, match="its data ends before its last row"):
        read_picture(tmp_path / "tall.png")
