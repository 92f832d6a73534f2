"""Tells what kind of picture a file is, by its name or its first bytes, and which names and kinds can be read."""

# A file is taken for a picture by its name alone; .jpe and .jfif are other names for JPEG.
READ_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp")
READ_KINDS = frozenset(("jpeg", "png", "webp", "bmp"))
START_BYTES = 32  # what `kind_by_content` needs of a file
_OTHER_SUFFIXES = {
    ".tif": "tiff",
    ".tiff": "tiff",
    ".gif": "gif",
    ".heic": "heic",
    ".heif": "heic",
    ".hif": "heic",
    ".avif": "avif",
    ".jxl": "jpeg_xl",
    ".jp2": "jpeg_2000",
    ".j2k": "jpeg_2000",
    ".psd": "photoshop",
    ".tga": "tga",
    ".ppm": "netpbm",
    ".pgm": "netpbm",
    ".pnm": "netpbm",
    **dict.fromkeys((".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf"), "camera_raw"),
}
_STARTS = {
    b"\xff\xd8\xff": "jpeg",
    b"\x89PNG\r\n\x1a\n": "png",
    b"GIF8": "gif",
    b"II*\0": "tiff",
    b"MM\0*": "tiff",
    b"8BPS": "photoshop",
    b"\0\0\0\x0cJXL ": "jpeg_xl",
    b"\0\0\0\x0cjP  ": "jpeg_2000",
}
_BRANDS = {b"avif": "avif", b"avis": "avif"} | dict.fromkeys(
    (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"), "heic"
)


def looks_like_picture(name: str) -> bool:
    """Whether a file's suffix promises a picture, of a kind that can be read or of another."""
    return name.lower().endswith(READ_SUFFIXES) or kind_by_name(name) is not None


def kind_by_content(start: bytes) -> str | None:
    """The kind of picture that begins with `start` (at least START_BYTES of the file), None for no known picture."""
    for signature, kind in _STARTS.items():
        if start.startswith(signature):
            return kind
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "webp"
    if start[:2] == b"BM" and start[6:10] == bytes(4):  # two letters alone begin many a text
        return "bmp"
    if start[4:8] == b"ftyp":
        return _BRANDS.get(start[8:12])
    return None


def kind_by_name(name: str) -> str | None:
    """The kind that a file's suffix promises, for kinds that cannot be read; None for every other name."""
    return next((kind for suffix, kind in _OTHER_SUFFIXES.items() if name.lower().endswith(suffix)), None)
