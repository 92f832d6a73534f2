"""Hostile pictures (JPEG, PNG, WebP, BMP of several depths) and films (MP4, Matroska, WebM, GIF, APNG, WebP)."""

import io
import random
import struct
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms

from benchmarks.clip_files import write_clip
from benchmarks.clips import one_face
from benchmarks.hostile.bytes import chunks, damage, rearranged, with_right_checksums
from benchmarks.hostile.claims import claiming
from benchmarks.hostile.kind import kind_of_files
from data.pictures import UnreadablePicture, read_picture
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.errors import UserError
from facedancer_tf.films.film import read_facts, read_frames

SIZE_PX = (48, 36)
ORIENTATION_TAG = 274
# Mode and options of Pillow for each sound picture, by its name.
PICTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "colour.jpg": ("RGB", {"quality": 90, "subsampling": 0}),
    "progressive.jpg": ("RGB", {"progressive": True, "exif": "turned"}),
    "restarts.jpg": ("RGB", {"restart_marker_blocks": 2, "icc_profile": "srgb"}),
    "grey.jpg": ("L", {"quality": 50}),
    "inks.jpg": ("CMYK", {}),
    "bits.png": ("1", {}),
    "grey.png": ("L", {"transparency": 3}),
    "grey_alpha.png": ("LA", {}),
    "palette.png": ("P", {"transparency": b"\x00\x80\xff"}),
    "colour.png": ("RGB", {"icc_profile": "srgb", "exif": "turned"}),
    "alpha.png": ("RGBA", {}),
    "deep.png": ("I;16", {}),
    "lossy.webp": ("RGB", {"quality": 60, "icc_profile": "srgb"}),
    "lossless.webp": ("RGBA", {"lossless": True, "exif": "turned"}),
    "alpha.webp": ("RGBA", {"quality": 40}),
    "bits.bmp": ("1", {}),
    "palette.bmp": ("P", {}),
    "colour.bmp": ("RGB", {}),
    "alpha.bmp": ("RGBA", {}),
}
MARKS = {
    "jpg": [b"\xff\xc0", b"\xff\xc2", b"\xff\xc4", b"\xff\xda", b"\xff\xdb", b"\xff\xdd", b"Exif", b"ICC_PROFILE"],
    "png": [b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"eXIf", b"acTL", b"fcTL", b"fdAT", b"IDAT", b"IEND"],
    "webp": [b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ICCP", b"EXIF", b"ANIM", b"ANMF"],
    "bmp": [],
    "gif": [b"\x21\xf9", b"\x21\xff", b"\x2c\x00"],
    "mp4": [b"mvhd", b"tkhd", b"mdhd", b"hdlr", b"stsd", b"avc1", b"stts", b"ctts", b"stsc", b"stsz", b"stco", b"elst"],
    "mkv": [b"\x1aE\xdf\xa3", b"\x15I\xa9f", b"\x16T\xaek", b"\x1fC\xb6u", b"\xa3", b"\xe0"],
}  # fmt: skip
CHUNKS: dict[str, dict[str, Any]] = {
    "png": {"order": "big", "head": 8, "first": 0, "own": 12},
    "webp": {"order": "little", "head": 12, "first": 4, "own": 8, "even": 2},
    "mp4": {"order": "big", "head": 0, "first": 0, "own": 0},
}
MARKS |= {"webm": MARKS["mkv"]}


@cache
def sound_pictures() -> Mapping[str, bytes]:
    """Small sound pictures by name."""
    words: dict[Any, Any] = {"srgb": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()}
    words["turned"] = exif = Image.Exif()
    exif[ORIENTATION_TAG] = 6
    with Image.open(bundled_pictures()[0]) as photograph:
        small = photograph.convert("RGB").resize(SIZE_PX)
    files = {}
    for name, (mode, options) in PICTURES.items():
        alpha = mode in ("LA", "RGBA")
        picture = small.convert("L").convert(mode) if mode in ("LA", "I;16") else small.convert(mode)
        if alpha:
            picture.putalpha(small.convert("L"))
        file = io.BytesIO()
        chosen = {key: words.get(value, value) for key, value in options.items()}
        picture.save(file, "JPEG" if name.endswith("jpg") else name.rpartition(".")[2], **chosen)
        files[name] = file.getvalue()
    return files | {"runs.bmp": _run_length_bmp()}


def _run_length_bmp() -> bytes:
    """A BMP of run lengths, which Pillow reads and does not write."""
    width, height = 16, 8
    rows = b"".join(bytes([width, row]) + b"\0\0" for row in range(height)) + b"\0\1"
    palette = bytes(range(256)) * 4
    start = 54 + len(palette)
    head = struct.pack("<2sIII", b"BM", start + len(rows), 0, start)
    head += struct.pack("<IIIHHIIIIII", 40, width, height, 1, 8, 1, len(rows), 0, 0, 256, 0)
    return head + palette + rows


@cache
def sound_films() -> Mapping[str, bytes]:
    """Short sound films by name."""
    frames = list(one_face(160, 120, 6).frames())
    files = {}
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("mp4", "mkv", "webm", "gif", "png", "webp"):
            path = Path(folder) / f"film.{suffix}"
            write_clip(path, frames)
            files[path.name] = path.read_bytes()
    return files


def damaged(files: Mapping[str, bytes], chance: random.Random) -> tuple[str, bytes]:
    """The name of one of the files, and its content with damages; those of most PNGs have right checksums."""
    name = chance.choice(list(files))
    content, kind = files[name], name.rpartition(".")[2]
    if kind in CHUNKS and chance.random() < 0.2:
        content = rearranged(chunks(content, **CHUNKS[kind]), chance)
    if content is files[name] or chance.random() < 0.3:
        content = damage(content, files[chance.choice(list(files))], chance, MARKS[kind])
    if kind == "png" and chance.random() < 0.8:
        content = with_right_checksums(content)
    return name, content


def _damaged_picture(files: Mapping[str, bytes], chance: random.Random) -> tuple[str, bytes]:
    """A damaged picture, or, one of a hundred, one that claims many pixels."""
    if chance.random() > 0.01:
        return damaged(files, chance)
    name = chance.choice(list(files))
    return name, claiming(name, files[name], chance)


def _read_picture(path: Path) -> None:
    picture = read_picture(path)
    _ = picture.srgb  # uses the profile


def _read_film(path: Path) -> None:
    for frame in read_frames(read_facts(path)):
        frame.picture.rgb()


PICTURE_KIND = kind_of_files(sound_pictures, _damaged_picture, _read_picture, (UnreadablePicture,))
FILM_KIND = kind_of_files(sound_films, damaged, _read_film, (UserError,))
