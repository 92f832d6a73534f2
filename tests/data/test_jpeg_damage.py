"""Tests that damage inside a JPEG is seen, which Pillow passes over in silence, and that harmless oddities are not."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from data.jpeg_damage import SCANS_MAX
from data.pictures import UnreadablePicture, read_picture
from facedancer_tf.bundled_pictures import bundled_pictures

PHOTOGRAPHS = [path for path in bundled_pictures() if path.suffix == ".jpg"]


def encoded(**options: Any) -> bytes:
    """The first photograph at 300 px, encoded anew."""
    image = Image.open(PHOTOGRAPHS[0])
    image.thumbnail((300, 300))
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


def reason(path: Path, content: bytes) -> str:
    """Why `content` cannot be read, "" where it can."""
    path.write_bytes(content)
    try:
        read_picture(path)
    except UnreadablePicture as error:
        return error.reason
    return ""


@pytest.mark.parametrize("photograph", PHOTOGRAPHS, ids=lambda path: path.stem)
def test_zeroed_bytes_are_damage_wherever_they_lie(tmp_path: Path, photograph: Path) -> None:
    content = photograph.read_bytes()
    for part in (0.2, 0.35, 0.5, 0.65, 0.8, 0.9):
        start = int(len(content) * part)
        assert (
            reason(tmp_path / "a.jpg", content[:start] + bytes(512) + content[start + 512 :]) == "truncated"
        )
    with pytest.raises(UnreadablePicture, match=r"a\.jpg: truncated or damaged \(.+\)"):
        read_picture(tmp_path / "a.jpg")


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
def test_missing_and_disordered_data_are_damage(tmp_path: Path, options: dict[str, Any]) -> None:
    content = encoded(quality=90, **options)
    assert reason(tmp_path / "whole.jpg", content) == ""
    half = len(content) // 2
    assert reason(tmp_path / "closed.jpg", content[:half] + b"\xff\xd9") == "truncated"
    assert reason(tmp_path / "cut.jpg", content[:half]) == "truncated"
    assert reason(tmp_path / "gap.jpg", content[:half] + content[half + 700 :]) == "truncated"


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_a_missing_end_mark_alone_is_harmless(tmp_path: Path, options: dict[str, Any]) -> None:
    content = encoded(**options)
    (tmp_path / "whole.jpg").write_bytes(content)
    (tmp_path / "open.jpg").write_bytes(content[:-2])
    (tmp_path / "half_open.jpg").write_bytes(content[:-1])
    (tmp_path / "longer.jpg").write_bytes(content + b"what a phone appends \xff\xda" * 500)
    whole = read_picture(tmp_path / "whole.jpg").rgb
    for name in ("open.jpg", "half_open.jpg", "longer.jpg"):
        np.testing.assert_array_equal(read_picture(tmp_path / name).rgb, whole)


@pytest.mark.parametrize("optimize", [False, True])
def test_blank_pictures_are_sound(tmp_path: Path, optimize: bool) -> None:
    for mode in ("L", "RGB", "CMYK"):  # their scans are almost nothing but zeros
        for progressive in (False, True):
            path = tmp_path / "blank.jpg"
            Image.new(mode, (1500, 1500)).save(path, optimize=optimize, progressive=progressive)
            assert read_picture(path).rgb.std() == 0


def test_a_picture_of_many_scans_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    content = encoded(progressive=True)
    last_scan = content[content.rindex(b"\xff\xda") : -2]
    assert reason(tmp_path / "a.jpg", content[:-2] + last_scan * SCANS_MAX + b"\xff\xd9") == "too_large"
