"""Writes pictures (JPEG, PNG, WebP, BMP) of uint8 RGB [H, W, 3] with alpha kept apart, and offers reading them."""

from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from data.colours import to_srgb
from data.picture_reading import PIXELS_MAX, Picture, UnreadablePicture, read_picture
from data.png import encode_png
from data.whole_files import whole_file

__all__ = [
    "PIXELS_MAX", "SIDE_MAX_PX", "SUFFIXES", "Picture", "UnreadablePicture",
    "check_sides", "encode_picture", "read_picture", "write_picture",
]  # fmt: skip

# These can be written; `picture_kinds` has those that are read.
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
# The longest side that these formats, or their libraries, can hold.
SIDE_MAX_PX = {".webp": 16383, ".jpg": 65500, ".jpeg": 65500}


def check_sides(suffix: str, rgb: np.ndarray) -> None:
    """Raises ValueError where `rgb` [H, W, 3] is too large for the format that `suffix` names."""
    side_max_px = SIDE_MAX_PX.get(suffix.lower())
    if side_max_px is not None and max(rgb.shape[:2]) > side_max_px:
        size = f"{rgb.shape[1]} x {rgb.shape[0]} px"
        raise ValueError(
            f"{suffix} holds at most {side_max_px} px a side, and the picture has {size}: write a .png"
        )


def encode_picture(
    suffix: str,
    rgb: np.ndarray,
    alpha: np.ndarray | None = None,
    icc_profile: bytes | None = None,
    xmp: bytes | None = None,
) -> bytes:
    """Encodes `rgb` uint8 [H, W, 3], with `alpha` uint8 [H, W] if given, in the format that `suffix` names (".png").

    `icc_profile` says what the RGB numbers mean; `xmp` is a packet of metadata. JPEG and BMP hold no alpha, BMP holds
    neither profile nor metadata: what the format cannot hold is left out, and a BMP's numbers are made sRGB. Raises
    ValueError for another suffix, a picture too large for it (see `check_sides`) or wrong arrays.
    """
    suffix = suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"a picture's name must end in one of {', '.join(SUFFIXES)}. Received: {suffix}")
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
        raise ValueError(f"`rgb` must be uint8 [H, W, 3]. Received: {rgb.dtype} {rgb.shape}")
    check_sides(suffix, rgb)
    if alpha is not None and (alpha.dtype != np.uint8 or alpha.shape != rgb.shape[:2]):
        raise ValueError(f"`alpha` must be uint8 {rgb.shape[:2]}. Received: {alpha.dtype} {alpha.shape}")
    if suffix == ".png":
        return encode_png(rgb, alpha, icc_profile, xmp)
    if suffix == ".bmp":
        rgb = to_srgb(rgb, icc_profile)
    file = BytesIO()
    _save(file, suffix, rgb, alpha, icc_profile, xmp)
    return file.getvalue()


def write_picture(
    path: str | Path,
    rgb: np.ndarray,
    alpha: np.ndarray | None = None,
    icc_profile: bytes | None = None,
    xmp: bytes | None = None,
) -> None:
    """Writes a picture, encoded as by `encode_picture`, in the format that the suffix of `path` names.

    The file is written beside its place and then moved there, so that a failure leaves no half picture. Raises
    ValueError as `encode_picture`, and OSError where the folder cannot be written.
    """
    path = Path(path)
    content = encode_picture(path.suffix, rgb, alpha, icc_profile, xmp)
    with whole_file(path) as file:
        file.write(content)


def _save(
    file: BinaryIO,
    suffix: str,
    rgb: np.ndarray,
    alpha: np.ndarray | None,
    icc_profile: bytes | None,
    xmp: bytes | None,
) -> None:
    """Writes JPEG, WebP or BMP, and leaves out what the format cannot hold."""
    options: dict[str, Any] = {}
    if suffix != ".bmp":
        options = {"quality": 95, "icc_profile": icc_profile, "xmp": xmp}
    if suffix in (".jpg", ".jpeg"):
        options["subsampling"] = 0
    if alpha is not None and suffix == ".webp":
        rgb = np.dstack([rgb, alpha])
    form = {".jpg": "JPEG", ".jpeg": "JPEG"}.get(suffix, suffix[1:].upper())
    present = {name: value for name, value in options.items() if value is not None}
    Image.fromarray(np.ascontiguousarray(rgb)).save(file, form, **present)
