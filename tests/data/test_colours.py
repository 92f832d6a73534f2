"""Tests what the numbers of a picture mean: profiles of every colour model and PNG's gamma become sRGB."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from data.pictures import read_picture, write_picture
from tests.data.profiles import EXCHANGED, cmyk_profile, grey_profile, rgb_profile

RAMP = np.arange(256, dtype=np.uint8)[None].repeat(3, axis=0)


def srgb(light: np.ndarray) -> np.ndarray:
    """sRGB's levels for light in [0, 1], from its standard (IEC 61966-2-1)."""
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(255 * encoded)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("gamma", [1.8, 2.6])
def test_grey_pixels_become_srgb_through_their_profile(tmp_path: Path, suffix: str, gamma: float) -> None:
    path = tmp_path / f"grey{suffix}"
    Image.fromarray(RAMP).save(path, icc_profile=grey_profile(gamma), quality=100)
    picture = read_picture(path)
    levels = np.asarray(Image.open(path)).astype(int)[0]
    assert picture.icc_profile is None  # the numbers are sRGB now
    assert np.abs(picture.rgb[0, :, 0] - srgb((levels / 255) ** gamma)).max() <= 1
    np.testing.assert_array_equal(picture.rgb, picture.rgb[..., :1].repeat(3, axis=-1))  # grey stays grey


@pytest.mark.parametrize("mode", ["L", "RGB", "LA", "RGBA", "I;16"])
def test_the_gamma_of_a_png_is_used(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "g.png"
    image = (
        Image.fromarray(RAMP.astype(np.uint16) * 257)
        if mode == "I;16"
        else Image.fromarray(RAMP).convert(mode)
    )
    assert image.mode == mode
    image.save(path)
    chunk = b"gAMA" + struct.pack(">I", 100_000)  # numbers are light itself
    content = path.read_bytes()
    path.write_bytes(
        content[:33] + struct.pack(">I", 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + content[33:]
    )
    picture = read_picture(path)
    np.testing.assert_array_equal(picture.rgb[0, :, 1], srgb(np.arange(256) / 255))
    assert (picture.alpha is not None) == (mode in ("LA", "RGBA"))


def test_cmyk_becomes_srgb_through_its_profile(tmp_path: Path) -> None:
    black_ink = Image.new("CMYK", (16, 16), (0, 0, 0, 255))
    black_ink.save(tmp_path / "plain.jpg", quality=100)
    black_ink.save(tmp_path / "profile.jpg", quality=100, icc_profile=cmyk_profile(128))
    assert read_picture(tmp_path / "plain.jpg").rgb.max() <= 2
    # L* = 128 / 2.55 = 50.2 is light ((50.2 + 16) / 116) ** 3 = 0.186
    expected = float(srgb(np.array(0.186)))
    assert np.abs(read_picture(tmp_path / "profile.jpg").rgb - expected).max() <= 2


def test_rgb_keeps_its_numbers_and_profile_and_knows_its_srgb(tmp_path: Path) -> None:
    profile = rgb_profile(EXCHANGED, 1.8)
    red = np.zeros((5, 7, 3), np.uint8)
    red[..., 0] = 200
    write_picture(tmp_path / "p3.png", red, icc_profile=profile)
    picture = read_picture(tmp_path / "p3.png")
    np.testing.assert_array_equal(picture.rgb, red)
    assert picture.icc_profile == profile
    green = [0, float(srgb(np.array((200 / 255) ** 1.8))), 0]
    assert np.abs(picture.srgb.astype(int) - green).max() <= 2
    write_picture(tmp_path / "a.bmp", picture.rgb, icc_profile=picture.icc_profile)  # BMP holds no profile
    np.testing.assert_array_equal(read_picture(tmp_path / "a.bmp").rgb, picture.srgb)


def test_srgb_under_another_name_costs_nothing(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    write_picture(tmp_path / "a.png", np.zeros((4, 4, 3), np.uint8), icc_profile=profile)
    picture = read_picture(tmp_path / "a.png")
    assert picture.icc_profile == profile
    assert picture.srgb is picture.rgb


@pytest.mark.parametrize("profile", [b"no profile", cmyk_profile(128), grey_profile(1.8)])
def test_a_damaged_or_strange_profile_is_no_profile(tmp_path: Path, profile: bytes) -> None:
    write_picture(tmp_path / "a.png", np.full((4, 4, 3), 77, np.uint8), icc_profile=profile)
    picture = read_picture(tmp_path / "a.png")
    assert picture.icc_profile is None
    assert (picture.srgb == 77).all()


def test_what_was_reduced_is_said(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (9, 9), (level, 0, 0)) for level in (0, 90, 180)]
    for suffix in (".png", ".webp"):
        frames[0].save(tmp_path / f"a{suffix}", save_all=True, append_images=frames[1:])
        (phrase,) = read_picture(tmp_path / f"a{suffix}").reduced
        assert "of 3 pictures of an animation only the first" in phrase
    Image.fromarray(RAMP.astype(np.uint16)).save(tmp_path / "deep.png")
    assert read_picture(tmp_path / "deep.png").reduced == ("16 bits a channel became 8",)
    frames[0].save(tmp_path / "plain.png")
    assert read_picture(tmp_path / "plain.png").reduced == ()
