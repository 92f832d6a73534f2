"""Reads and writes pictures (JPEG, PNG, WebP, BMP), upright, as uint8 RGB [H, W, 3] with alpha kept apart.

Pillow decodes them: it knows EXIF and every depth and colour model of these formats, and it refuses truncated files,
which OpenCV and TensorFlow fill up with grey.
"""

import struct
import warnings
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from data.png import encode_png
from data.whole_files import whole_file

# A larger "picture" is taken for a decompression bomb; Pillow's own limit is 179 million.
PIXELS_MAX = 150_000_000
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
# The longest side that these formats, or their libraries, can hold.
SIDE_MAX_PX = {".webp": 16383, ".jpg": 65500, ".jpeg": 65500}
# JPEG covers the files of some phones with a second picture behind the first (MPO).
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP")
_ORIENTATION_TAG = 274
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    KeyError,
    IndexError,
    TypeError,
    struct.error,
    zlib.error,
)

# PIXELS_MAX decides; without this line Pillow prints a warning from 89 million pixels on.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


class UnreadablePicture(ValueError):
    """A file is no usable picture; `reason` is missing, unreadable, not_a_picture, truncated or too_large."""

    def __init__(self, path: Path, reason: str, sentence: str) -> None:
        super().__init__(f"{path}: {sentence}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True)
class Picture:
    """An upright picture: `rgb` uint8 [H, W, 3]; `alpha` uint8 [H, W], or None where the file has none.

    `icc_profile` says what the RGB numbers mean; it is None where the file does not say so for RGB (a profile for grey
    or CMYK pixels does not count).
    """

    rgb: np.ndarray
    alpha: np.ndarray | None = None
    icc_profile: bytes | None = None


def read_picture(path: str | Path) -> Picture:
    """Reads the picture at `path`, turned upright by its EXIF orientation, whatever its depth or colour model.

    Grey becomes three equal channels, 16 bits become 8 by rounding, CMYK becomes RGB, and a palette becomes its
    colours; alpha is kept apart and is not multiplied in. Raises UnreadablePicture (a ValueError), whose message names
    the file.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise UnreadablePicture(path, "missing", "there is no such file")
        with path.open("rb") as file:
            return _decode(path, file)
    except OSError as error:  # no permission, or a broken disk; `_decode` handles damaged content
        raise UnreadablePicture(path, "unreadable", f"cannot be read ({error.strerror or error})") from error


def _decode(path: Path, file: BinaryIO) -> Picture:
    try:
        image = Image.open(file, formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise UnreadablePicture(path, "too_large", f"more than {PIXELS_MAX:,} pixels") from error
    except _BROKEN as error:
        _raise_if_from_system(error)
        file.seek(0)
        start = file.read(12)
        # Pillow refuses a truncated WebP here, when it opens the file, and not while decoding.
        if start[:4] == b"RIFF" and start[8:] == b"WEBP":
            raise UnreadablePicture(path, "truncated", "truncated or damaged") from error
        raise UnreadablePicture(path, "not_a_picture", "not a JPEG, PNG, WebP or BMP picture") from error
    with image:
        if image.width * image.height > PIXELS_MAX:
            raise UnreadablePicture(path, "too_large", f"more than {PIXELS_MAX:,} pixels")
        try:
            image.load()
            pixels = _eight_bit(image)
        except _BROKEN as error:
            _raise_if_from_system(error)
            raise UnreadablePicture(path, "truncated", f"truncated or damaged ({error})") from error
        pixels = _upright(pixels, _orientation(image))
        profile = image.info.get("icc_profile") if image.mode in ("RGB", "RGBA", "P") else None
    if pixels.shape[2] == 3:
        return Picture(pixels, None, profile)
    return Picture(np.ascontiguousarray(pixels[..., :3]), np.ascontiguousarray(pixels[..., 3]), profile)


def _raise_if_from_system(error: Exception) -> None:
    """Raises `error` again if it comes from the operating system: Pillow's own OSErrors carry no number."""
    if isinstance(error, OSError) and error.errno is not None:
        raise error


def _eight_bit(image: Image.Image) -> np.ndarray:
    """The pixels of a loaded `image` as uint8 [H, W, 3 or 4]."""
    if image.mode.startswith("I"):  # 16-bit grey; Pillow's own conversion would clip it at 255
        deep = np.clip(np.asarray(image).astype(np.int64), 0, 65535)
        grey = ((deep * 255 + 32767) // 65535).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=-1)
    has_alpha = image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info
    mode = "RGBA" if has_alpha else "RGB"
    return np.array(image if image.mode == mode else image.convert(mode))  # convert copies even an equal mode


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; damaged EXIF counts as upright, because the pixels themselves are sound."""
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except _BROKEN:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Undoes an EXIF orientation: 5 to 8 exchange height and width."""
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


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
    neither profile nor metadata: what the format cannot hold is left out. Raises ValueError for another suffix, a
    picture too large for it (see `check_sides`) or wrong arrays.
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
