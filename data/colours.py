"""Turns the pixels of a Pillow image into 8-bit RGB, whatever their depth and colour model, and knows what they mean.

RGB pixels without a profile are sRGB. Grey pixels become sRGB through their profile or PNG's gamma, CMYK pixels through
their profile; RGB pixels keep their numbers and their profile, from which `to_srgb` converts them. A profile that is
damaged, or belongs to another colour model, is left out of account.
"""

import io
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageCms

_TILE_PX = 4096  # large pictures are converted tile by tile: whole copies would fill the memory
_SRGB_GAMMA = 1 / 2.2  # what PNG calls gamma 0.45455: as good as sRGB, and everywhere shown as sRGB
_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION


def eight_bit(image: Image.Image) -> tuple[np.ndarray, bytes | None]:
    """The pixels of a loaded `image`, uint8 [H, W, 3 or 4] (the last is alpha), and the profile of their RGB numbers.

    16 bits of grey are rounded to 8; of other colours Pillow keeps the upper 8 bits.
    """
    profile: bytes | None = image.info.get("icc_profile")
    has_alpha = image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info
    if image.mode in ("1", "L", "LA", "La") or image.mode.startswith("I"):
        curve = _profile_curve(profile) if profile else _gamma_curve(image.info)
        return _by_tiles(image, has_alpha, lambda tile: _grey_tile(tile, has_alpha, curve)), None
    if image.mode == "CMYK":
        transform = _transform(profile, "CMYK") if profile else None
        return _by_tiles(image, has_alpha, lambda tile: _cmyk_tile(tile, transform)), None
    mode = "RGBA" if has_alpha else "RGB"
    pixels = _by_tiles(
        image, has_alpha, lambda tile: np.asarray(tile if tile.mode == mode else tile.convert(mode))
    )
    if profile:
        return pixels, profile if _transform(profile, "RGB") else None
    if (curve := _gamma_curve(image.info)) is not None:
        for rows, columns in _tiles(image.width, image.height):
            colours = pixels[rows, columns, :3]
            colours[...] = curve[colours]
    return pixels, None


def to_srgb(rgb: np.ndarray, icc_profile: bytes | None) -> np.ndarray:
    """Converts `rgb` uint8 [H, W, 3], whose numbers `icc_profile` explains, to sRGB; `rgb` itself where it is sRGB."""
    transform = _transform(icc_profile, "RGB") if icc_profile else None
    if transform is None or _changes_little(transform):
        return rgb
    converted = np.empty_like(rgb)
    for rows, columns in _tiles(rgb.shape[1], rgb.shape[0]):
        tile = Image.fromarray(np.ascontiguousarray(rgb[rows, columns]))
        converted[rows, columns] = np.asarray(ImageCms.applyTransform(tile, transform))
    return converted


def _tiles(width: int, height: int) -> list[tuple[slice, slice]]:
    """Rows and columns of the tiles of a picture."""
    return [
        (slice(y, min(y + _TILE_PX, height)), slice(x, min(x + _TILE_PX, width)))
        for y in range(0, height, _TILE_PX)
        for x in range(0, width, _TILE_PX)
    ]


def _by_tiles(
    image: Image.Image, has_alpha: bool, convert: Callable[[Image.Image], np.ndarray]
) -> np.ndarray:
    """Puts together what `convert` makes of each tile of `image`: uint8 [h, w, 3], or [h, w, 4] with alpha."""
    pixels = np.empty((image.height, image.width, 4 if has_alpha else 3), np.uint8)
    tiles = _tiles(image.width, image.height)
    for rows, columns in tiles:
        box = (columns.start, rows.start, columns.stop, rows.stop)
        pixels[rows, columns] = convert(image if len(tiles) == 1 else image.crop(box))
    return pixels


def _grey_tile(tile: Image.Image, has_alpha: bool, curve: np.ndarray | None) -> np.ndarray:
    """Three equal channels of a grey tile, through `curve` uint8 [256] if there is one, then alpha."""
    alpha: tuple[np.ndarray, ...] = ()
    if tile.mode.startswith("I"):  # 16 bits; Pillow's own conversion would clip them at 255
        deep = np.clip(np.asarray(tile).astype(np.int64), 0, 65535)
        grey = ((deep * 255 + 32767) // 65535).astype(np.uint8)
        if has_alpha:  # one value is transparent, and Pillow knows no such 16-bit pictures
            alpha = (np.full_like(grey, 255),)
    else:
        channels = np.asarray(tile.convert("LA" if has_alpha else "L"))
        grey, alpha = (channels[..., 0], (channels[..., 1],)) if has_alpha else (channels, ())
    grey = grey if curve is None else curve[grey]
    return np.stack([grey, grey, grey, *alpha], axis=-1)


def _cmyk_tile(tile: Image.Image, transform: ImageCms.ImageCmsTransform | None) -> np.ndarray:
    converted = tile.convert("RGB") if transform is None else ImageCms.applyTransform(tile, transform)
    return np.asarray(converted)


@lru_cache(maxsize=16)
def _transform(icc_profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """The way from pixels of `mode` (RGB, L or CMYK) to sRGB; None where the profile is damaged or of another model."""
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc_profile))
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.buildTransform(profile, srgb, mode, "RGB", _INTENT, _FLAGS)
    except (OSError, ImageCms.PyCMSError):
        return None


@lru_cache(maxsize=16)
def _changes_little(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether `transform` moves no colour by more than rounding: its profile is sRGB under another name."""
    levels = np.arange(0, 256, 17)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(16, -1, 3).astype(np.uint8)
    converted = np.asarray(ImageCms.applyTransform(Image.fromarray(cube), transform))
    return int(np.abs(converted.astype(int) - cube).max()) <= 2


def _profile_curve(icc_profile: bytes) -> np.ndarray | None:
    """What each grey level 0 to 255 is in sRGB by a profile for grey, or for RGB with equal channels; uint8 [256]."""
    ramp = np.arange(256, dtype=np.uint8)[None]
    for mode, levels in (("L", ramp), ("RGB", np.repeat(ramp[..., None], 3, axis=-1))):
        if (transform := _transform(icc_profile, mode)) is not None:
            converted = np.asarray(ImageCms.applyTransform(Image.fromarray(levels), transform))
            return np.rint(converted[0].mean(axis=-1)).astype(np.uint8)
    return None


def _gamma_curve(info: dict[str | tuple[int, int], Any]) -> np.ndarray | None:
    """What each level 0 to 255 of a PNG with a gamma is in sRGB, uint8 [256]; None where it is sRGB already."""
    gamma = info.get("gamma")
    if gamma is None or "srgb" in info or not 0.1 < gamma < 10 or abs(gamma / _SRGB_GAMMA - 1) < 0.05:
        return None
    light = (np.arange(256) / 255) ** (1 / gamma)
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(255 * srgb).astype(np.uint8)
