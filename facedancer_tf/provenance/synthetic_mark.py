"""The mark that says that a picture was made with a trained algorithm. It is metadata and changes no pixel.

It is an XMP packet with IPTC's DigitalSourceType, which archives, platforms and viewers read. JPEG, PNG and WebP can
hold it, BMP cannot.
"""

from pathlib import Path

from PIL import Image

from facedancer_tf import __version__

SOFTWARE = "facedancer_tf"
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
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


def xmp_packet(synthetic: bool) -> bytes:
    """The XMP packet, UTF-8, for `data.pictures.write_picture`. Names this program; if `synthetic`, has the mark."""
    mark = f'\n    Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPE}"' if synthetic else ""
    return (_PACKET % mark).encode("utf-8")


def is_ours(path: Path) -> bool:
    """Whether this program wrote the picture at `path`; False where there is no readable picture."""
    try:
        with Image.open(path) as image:
            packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False
    return f'CreatorTool="{SOFTWARE} '.encode() in (packet.encode() if isinstance(packet, str) else packet)
