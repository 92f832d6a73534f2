"""Reads pictures (JPEG, PNG, WebP, BMP), upright, as uint8 RGB [H, W, 3] with alpha kept apart.

Pillow decodes them: it knows EXIF and every depth and colour model of these formats. What it passes over in silence,
the files' own damage, is looked for before (`data.jpeg_damage`, `data.png_damage`). Whatever a file says, reading it
takes less than 2 GB of memory beside the file's own size: limits on pixels, bytes and scans see to that.
"""

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from data.colours import eight_bit, to_srgb
from data.jpeg_damage import TooManyPieces, check_jpeg, complete_jpeg
from data.picture_kinds import READ_KINDS, START_BYTES, kind_by_content
from data.png_damage import CHUNKS_MAX, check_png, has_too_many_chunks

# Its remarks on odd files, which workers would print too; the bounds here are other ones.
warnings.filterwarnings("ignore", module=r"PIL\.")

# A larger "picture" is taken for a decompression bomb; Pillow's own limit is 179 million.
PIXELS_MAX = 150_000_000
# WebP's decoder takes 17 bytes a pixel, the others 12 at most. Run-length BMP is decoded by Python, pixel by pixel.
WEBP_PIXELS_MAX = 100_000_000
RUN_LENGTH_PIXELS_MAX = 16_000_000
RUN_LENGTH_MAX_BYTES = 2**25  # two bytes a pixel
SIDE_MAX_PX = 200_000  # Pillow takes memory for each row
FILE_MAX_BYTES = 2**30
# JPEG covers the files of some phones with a second picture behind the first (MPO).
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP")
_ORIENTATION_TAG = 274
_DEPTH_BYTE = 24  # of a PNG file
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    KeyError,
    IndexError,
    TypeError,
    OverflowError,
    struct.error,
    zlib.error,
)


class UnreadablePicture(ValueError):
    """A file is no usable picture.

    `reason` is missing, unreadable, not_a_picture, truncated or too_large, or names a kind of picture that cannot be
    read (heic_picture).
    """

    def __init__(self, path: Path, reason: str, sentence: str) -> None:
        super().__init__(f"{path}: {sentence}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True)
class Picture:
    """An upright picture: `rgb` uint8 [H, W, 3]; `alpha` uint8 [H, W], or None where the file has none.

    `icc_profile` says what the RGB numbers mean; None means sRGB. `reduced` says what of the file is not in these
    arrays, in phrases such as "16 bits a channel became 8".
    """

    rgb: np.ndarray
    alpha: np.ndarray | None = None
    icc_profile: bytes | None = None
    reduced: tuple[str, ...] = ()

    @property
    def srgb(self) -> np.ndarray:
        """The picture in sRGB, uint8 [H, W, 3], for all that compares colours or stores them without a profile."""
        return to_srgb(self.rgb, self.icc_profile)


def read_picture(path: str | Path) -> Picture:
    """Reads the picture at `path`, turned upright by its EXIF orientation, whatever its depth or colour model.

    Grey becomes three equal channels, 16 bits become 8, and a palette becomes its colours; alpha is kept apart and is
    not multiplied in. Grey and CMYK pixels become sRGB (see `data.colours`), RGB pixels keep their numbers and profile.
    Of an animation the first picture is read. Raises UnreadablePicture (a ValueError), whose message names the file.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise UnreadablePicture(path, "missing", "there is no such file")
        with path.open("rb") as file:
            size_bytes = file.seek(0, io.SEEK_END)
            if size_bytes > FILE_MAX_BYTES:
                raise UnreadablePicture(path, "too_large", f"more than {FILE_MAX_BYTES:,} bytes")
            file.seek(0)
            return _decode(path, file, size_bytes)
    except OSError as error:  # no permission, or a broken disk; `_decode` handles damaged content
        raise UnreadablePicture(path, "unreadable", f"cannot be read ({error.strerror or error})") from error
    except MemoryError as error:
        raise UnreadablePicture(path, "too_large", "needs more memory than there is") from error


def _decode(path: Path, file: BinaryIO, size_bytes: int) -> Picture:
    start = file.read(START_BYTES)
    kind = kind_by_content(start)
    file.seek(0)
    jpeg = _jpeg_content(path, file) if kind == "jpeg" else b""
    if kind == "png" and has_too_many_chunks(file):
        raise UnreadablePicture(path, "too_large", f"a PNG of more than {CHUNKS_MAX:,} pieces")
    file.seek(0)
    try:
        image = Image.open(io.BytesIO(jpeg) if jpeg else file, formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise UnreadablePicture(path, "too_large", f"more than {PIXELS_MAX:,} pixels") from error
    except _BROKEN as error:
        _raise_if_from_system(error)
        raise _unopened(path, kind) from error
    with image:
        _check_size(path, image, size_bytes)
        try:
            if jpeg:
                check_jpeg(jpeg)
            elif kind == "png":
                check_png(file)
            image.load()
            pixels, profile = eight_bit(image)
        except _BROKEN as error:
            _raise_if_from_system(error)
            raise _damaged(path, error) from error
        orientation, reduced = _orientation(image), _reduced(image, start)
    del image, jpeg  # their memory, before turning the picture takes some
    alpha = np.ascontiguousarray(pixels[..., 3]) if pixels.shape[2] == 4 else None
    rgb = _upright(pixels[..., :3], orientation)
    return Picture(rgb, None if alpha is None else _upright(alpha, orientation), profile, reduced)


def _jpeg_content(path: Path, file: BinaryIO) -> bytes:
    """The content of a JPEG file, with its end mark."""
    content = file.read()
    try:
        return complete_jpeg(content)
    except TooManyPieces as error:
        raise UnreadablePicture(path, "too_large", str(error)) from error
    except ValueError as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, why: Exception) -> UnreadablePicture:
    return UnreadablePicture(path, "truncated", f"truncated or damaged ({why})")


def _unopened(path: Path, kind: str | None) -> UnreadablePicture:
    """The error for a file that Pillow could not open; `kind` is what its first bytes say."""
    if kind in READ_KINDS:
        return UnreadablePicture(path, "truncated", "truncated or damaged")
    if kind is not None:
        name = kind.replace("_", " ")
        return UnreadablePicture(
            path, f"{kind}_picture", f"a picture of the kind {name}: convert it to JPEG or PNG"
        )
    return UnreadablePicture(path, "not_a_picture", "not a JPEG, PNG, WebP or BMP picture")


def _check_size(path: Path, image: Image.Image, size_bytes: int) -> None:
    """Raises UnreadablePicture for more pixels than can be decoded within the bounds on memory and time."""
    if max(image.size) > SIDE_MAX_PX:
        raise UnreadablePicture(path, "too_large", f"more than {SIDE_MAX_PX:,} pixels a side")
    most = WEBP_PIXELS_MAX if image.format == "WEBP" else PIXELS_MAX
    if any(tile.codec_name == "bmp_rle" for tile in getattr(image, "tile", ())):
        most = RUN_LENGTH_PIXELS_MAX
        if size_bytes > RUN_LENGTH_MAX_BYTES:
            raise UnreadablePicture(
                path, "too_large", f"more than {RUN_LENGTH_MAX_BYTES:,} bytes of run lengths"
            )
    if image.width * image.height > most:
        raise UnreadablePicture(path, "too_large", f"more than {most:,} pixels")


def _reduced(image: Image.Image, start: bytes) -> tuple[str, ...]:
    """What of the file is not in the picture, see `Picture.reduced`."""
    phrases = []
    if image.format == "PNG" and start[_DEPTH_BYTE] == 16:
        phrases.append("16 bits a channel became 8")
    if image.format in ("PNG", "WEBP") and getattr(image, "is_animated", False):
        phrases.append(f"of {getattr(image, 'n_frames', 0)} pictures of an animation only the first is used")
    return tuple(phrases)


def _raise_if_from_system(error: Exception) -> None:
    """Raises `error` again if it comes from the operating system: Pillow's own OSErrors carry no number."""
    if isinstance(error, OSError) and error.errno is not None:
        raise error


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; damaged EXIF counts as upright, because the pixels themselves are sound."""
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except _BROKEN:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Undoes an EXIF orientation of pixels [H, W] or [H, W, C]: 5 to 8 exchange height and width."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
