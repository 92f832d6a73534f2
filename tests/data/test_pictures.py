"""Tests reading and writing pictures: orientation, depth, alpha, and files that are no pictures."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngImageFile

from data.pictures import PIXELS_MAX, SIDE_MAX_PX, UnreadablePicture, check_sides, read_picture, write_picture

GRADIENT = np.stack(
    [*np.meshgrid(np.linspace(0, 255, 30), np.linspace(0, 255, 20)), np.full((20, 30), 90.0)], -1
)
ROOT = Path(__file__).resolve().parents[2]
RGB = GRADIENT.astype(np.uint8)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_exif_orientation_is_undone(tmp_path: Path, orientation: int, suffix: str) -> None:
    path = tmp_path / f"turned{suffix}"
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(RGB).save(path, exif=exif, quality=100)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))
    np.testing.assert_array_equal(read_picture(path).rgb, expected)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_exif_does_not_hide_a_sound_picture(tmp_path: Path) -> None:
    path = tmp_path / "odd.jpg"
    Image.fromarray(RGB).save(path, exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff")
    assert read_picture(path).rgb.shape == RGB.shape


def test_pillow_says_nothing_of_odd_files_in_any_process(tmp_path: Path) -> None:
    path = tmp_path / "odd.jpg"
    Image.fromarray(RGB).save(path, exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff")
    code = "import sys; from data.pictures import read_picture; read_picture(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", code, path], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""


@pytest.mark.parametrize("suffix", [".png", ".bmp"])
def test_lossless_round_trip(tmp_path: Path, suffix: str) -> None:
    write_picture(tmp_path / f"a{suffix}", RGB)
    got = read_picture(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(got.rgb, RGB)
    assert got.alpha is None
    assert [p.name for p in tmp_path.iterdir()] == [f"a{suffix}"]


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_lossy_round_trip_stays_close(tmp_path: Path, suffix: str) -> None:
    write_picture(tmp_path / f"a{suffix}", RGB)
    assert np.abs(read_picture(tmp_path / f"a{suffix}").rgb.astype(int) - RGB).mean() < 3


def test_alpha_is_kept_apart_and_written_back(tmp_path: Path) -> None:
    alpha = np.arange(600).reshape(20, 30).astype(np.uint8)
    for suffix in (".png", ".webp"):
        write_picture(tmp_path / f"a{suffix}", RGB, alpha)
        got = read_picture(tmp_path / f"a{suffix}")
        assert got.alpha is not None
        np.testing.assert_array_equal(got.alpha, alpha)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png").rgb, RGB)  # not multiplied in
    write_picture(tmp_path / "a.jpg", RGB, alpha)
    assert read_picture(tmp_path / "a.jpg").alpha is None
    palette = Image.fromarray(RGB).convert("P")
    palette.info["transparency"] = 0
    palette.save(tmp_path / "p.png", transparency=0)
    assert read_picture(tmp_path / "p.png").alpha is not None


def test_every_depth_becomes_eight_bit_rgb(tmp_path: Path) -> None:
    deep = np.array([[0, 257, 32896, 65535]], np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "deep.png").rgb[0, :, 1], [0, 1, 128, 255])
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for mode in ("L", "1", "LA"):
        Image.fromarray(grey).convert(mode).save(tmp_path / "m.png")
        got = read_picture(tmp_path / "m.png")
        assert got.rgb.shape == (16, 16, 3)
        assert (got.alpha is not None) == (mode == "LA")
        np.testing.assert_array_equal(got.rgb[..., 0], got.rgb[..., 2])
    Image.fromarray(RGB).convert("CMYK").save(tmp_path / "c.jpg", quality=100)
    assert np.abs(read_picture(tmp_path / "c.jpg").rgb.astype(int) - RGB).mean() < 6


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp"])
@pytest.mark.parametrize("part", [0.3, 0.7, 0.97])
def test_truncated_files_are_refused(tmp_path: Path, suffix: str, part: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (60, 60, 3)).astype(np.uint8)
    write_picture(tmp_path / f"whole{suffix}", noise)
    content = (tmp_path / f"whole{suffix}").read_bytes()
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(UnreadablePicture, match="truncated or damaged") as caught:
        read_picture(cut)
    assert caught.value.reason == "truncated"
    assert str(cut) in str(caught.value)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_what_is_no_picture_says_why(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "empty.png").touch()
    os.symlink("/proc/self/mem", tmp_path / "broken_disk.png")  # opens, but its start cannot be read (EIO)
    Image.new("1", (20_000, PIXELS_MAX // 20_000 + 1)).save(tmp_path / "bomb.png")
    for name, reason in (
        ("text.jpg", "not_a_picture"),
        ("empty.png", "not_a_picture"),
        ("bomb.png", "too_large"),
        ("broken_disk.png", "unreadable"),
        ("nowhere.png", "missing"),
    ):
        with pytest.raises(UnreadablePicture) as caught:
            read_picture(tmp_path / name)
        assert caught.value.reason == reason


@pytest.mark.parametrize("failing", ["is_file", "open"])
def test_a_picture_without_permission_is_unreadable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    write_picture(tmp_path / "a.png", RGB)
    monkeypatch.setattr(Path, failing, refuse)
    with pytest.raises(UnreadablePicture, match=r"a\.png: cannot be read \(Permission denied\)") as caught:
        read_picture(tmp_path / "a.png")
    assert caught.value.reason == "unreadable"


def test_a_disk_that_breaks_while_decoding_is_not_called_truncated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Image.Image) -> None:
        raise OSError(5, "Input/output error")

    write_picture(tmp_path / "a.png", RGB)
    monkeypatch.setattr(PngImageFile, "load", fail)
    with pytest.raises(UnreadablePicture) as caught:
        read_picture(tmp_path / "a.png")
    assert caught.value.reason == "unreadable"


@pytest.mark.parametrize(("suffix", "side_max_px"), SIDE_MAX_PX.items())
def test_a_picture_too_wide_for_its_format_is_refused(tmp_path: Path, suffix: str, side_max_px: int) -> None:
    path = tmp_path / f"wide{suffix}"
    write_picture(path, np.zeros((1, side_max_px, 3), np.uint8))  # the limit itself can be written
    for shape in ((1, side_max_px + 1, 3), (side_max_px + 1, 1, 3)):
        with pytest.raises(ValueError, match=f"holds at most {side_max_px} px a side"):
            write_picture(path, np.zeros(shape, np.uint8))
    check_sides(".png", np.zeros((1, side_max_px + 1, 3), np.uint8))


def test_writing_refuses_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must end in"):
        write_picture(tmp_path / "a.gif", RGB)
    with pytest.raises(ValueError, match="`rgb` must be uint8"):
        write_picture(tmp_path / "a.png", RGB.astype(np.float32))
    with pytest.raises(ValueError, match="`alpha`"):
        write_picture(tmp_path / "a.png", RGB, np.zeros((3, 3), np.uint8))
    with pytest.raises(OSError, match="nowhere"):
        write_picture(tmp_path / "nowhere" / "a.png", RGB)
    assert list(tmp_path.iterdir()) == []
