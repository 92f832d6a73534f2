"""Names the media type of a file by its first bytes, for the formats that can hold content credentials."""

from data.picture_kinds import kind_by_content

_TYPES = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "tiff": "image/tiff",
    "avif": "image/avif",
    "heic": "image/heic",
}


def media_type(content: bytes) -> str | None:
    """The media type of a JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC, MP4 or QuickTime file; None for anything else."""
    kind = kind_by_content(content)
    if kind is None and content[4:8] == b"ftyp":
        return "video/quicktime" if content[8:12] == b"qt  " else "video/mp4"
    return _TYPES.get(kind or "")
