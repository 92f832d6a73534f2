"""The mark in a picture's metadata: an XMP packet with IPTC's DigitalSourceType, which archives and viewers read.

JPEG, PNG, WebP, GIF, MP4 and MOV hold such a packet, BMP does not; films have a comment that says the same. It changes
no pixel, and is lost wherever metadata is stripped.
"""

import re
from pathlib import Path

from PIL import Image

from facedancer_tf import __version__

SOFTWARE = "facedancer_tf"
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
SOURCE_TYPE = SOURCE_TYPES + "compositeWithTrainedAlgorithmicMedia"
# IPTC's names for what a trained or other algorithm made, wholly or in part.
SYNTHETIC_TYPES = (
    "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "compositeSynthetic", "algorithmicMedia",
)  # fmt: skip
# Formats that hold metadata, and content credentials too.
MARKED_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")

_PACKET = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmp:CreatorTool="{SOFTWARE} {__version__}"%s/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""
_STATED_TYPE = re.compile(
    rb"DigitalSourceType[^<>]{0,40}?[>\"'=\s]https?:"
    + SOURCE_TYPES.encode().removeprefix(b"http:")
    + rb"(\w{1,60})"
)


def xmp_packet(synthetic: bool) -> bytes:
    """The XMP packet, UTF-8. It names this program; if `synthetic`, it has the mark."""
    mark = f'\n    Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPE}"' if synthetic else ""
    return (_PACKET % mark).encode("utf-8")


def film_tags() -> dict[str, str]:
    """The mark as metadata of a film's container: every kind of container holds a comment."""
    return {"comment": f"DigitalSourceType: {SOURCE_TYPE} ({SOFTWARE} {__version__})"}


def source_type(packet: bytes) -> str | None:
    """The name of the digital source type that an XMP `packet` or `film_tags` state, or None; they may be anybody's."""
    stated = _STATED_TYPE.search(packet)
    return stated[1].decode() if stated else None


def packet_of(image: Image.Image) -> bytes:
    """The XMP packet of an open picture, b"" where it has none."""
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    return packet.encode("utf-8", "replace") if isinstance(packet, str) else packet


def is_ours(path: Path) -> bool:
    """Whether this program wrote the picture at `path`; False where there is no readable picture."""
    try:
        with Image.open(path) as image:
            return f'CreatorTool="{SOFTWARE} '.encode() in packet_of(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False
