"""Reads back what the three layers of marks say about a file, whoever wrote it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image

from data.pictures import UnreadablePicture, read_picture
from facedancer_tf.provenance.credentials import CredentialsReading, read_credentials
from facedancer_tf.provenance.media import media_type
from facedancer_tf.provenance.metadata import SYNTHETIC_TYPES, packet_of, source_type
from facedancer_tf.provenance.swapped import SEVERAL_MODELS, UsedModel
from facedancer_tf.provenance.watermark_reading import WatermarkReading, read_watermark
from facedancer_tf.weights.catalogue import DEFAULT_MODEL


@dataclass(frozen=True)
class Provenance:
    """What the marks of one file say.

    `credentials` is None where the file has none; `damage` says why they cannot be read, if they cannot. `metadata` is
    IPTC's name of the digital source type, or None. `watermark` is None where none is found, and `has_pixels` is False
    where the format's pixels are not read here (GIF, TIFF, AVIF, video), so that it was not looked for.
    """

    credentials: CredentialsReading | None
    damage: str
    metadata: str | None
    watermark: WatermarkReading | None
    has_pixels: bool

    @property
    def is_marked(self) -> bool:
        """Whether at least one layer that holds says that the picture is synthetic, wholly or in part."""
        signed = self.credentials is not None and self.credentials.valid
        types = {*(self.credentials.source_types if self.credentials and signed else ()), self.metadata}
        return self.watermark is not None or not types.isdisjoint(SYNTHETIC_TYPES)


def check(path: Path, trust_anchors: str | None = None) -> Provenance:
    """Reads the marks of the file at `path`; `trust_anchors` as in `read_credentials`.

    Raises UnreadablePicture where the file can neither be read as a picture nor hold content credentials.
    """
    try:
        picture = read_picture(path)
    except UnreadablePicture as error:
        if error.reason != "not_a_picture" or media_type(_start(path)) is None:
            raise
        picture = None
    credentials, damage = None, ""
    try:
        credentials = read_credentials(path.read_bytes(), trust_anchors)
    except ValueError as error:
        damage = str(error)
    if picture is None:
        return Provenance(credentials, damage, None, None, has_pixels=False)
    with Image.open(path) as image:
        metadata = source_type(packet_of(image))
    return Provenance(credentials, damage, metadata, read_watermark(picture.rgb), has_pixels=True)


def in_words(provenance: Provenance) -> list[str]:
    """The three layers' findings, one line each, without characters that a terminal would obey."""
    lines = [
        f"credentials: {_credentials_in_words(provenance)}",
        f"metadata:    {provenance.metadata or 'no digital source type'}",
        f"watermark:   {_watermark_in_words(provenance)}",
    ]
    return ["".join(c if c.isprintable() else "�" for c in line) for line in lines]


def as_json(path: Path, provenance: Provenance) -> dict[str, object]:
    """The findings as plain values for JSON."""
    return {"file": str(path), "marked": provenance.is_marked, **json.loads(json.dumps(asdict(provenance)))}


def _credentials_in_words(provenance: Provenance) -> str:
    if provenance.damage:
        return f"damaged, they cannot be read ({provenance.damage})"
    reading = provenance.credentials
    if reading is None:
        return "none"
    if not reading.valid:
        return f"BROKEN ({', '.join(reading.failures)}): the file is not as it was signed"
    who = "a trusted signer" if reading.trusted else "a signer that nobody here vouches for"
    kinds = ", ".join(reading.source_types) or "no digital source type"
    steps = "" if reading.manifests == 1 else f"; {reading.manifests} steps of history"
    return f'intact, by {who}, "{reading.signer}", with {reading.program or "an unnamed program"}: {kinds}{steps}'


def _watermark_in_words(provenance: Provenance) -> str:
    reading = provenance.watermark
    if not provenance.has_pixels:
        return "not looked for in this format"
    if reading is None:
        return "not found"
    model = _model_in_words(reading.model_id)
    return f"found: a synthetic face, {model} (chance of a false alarm < {reading.chance:.0e})"


def _model_in_words(model_id: int) -> str:
    if model_id == SEVERAL_MODELS:
        return "by several models or one without a file"
    if model_id == UsedModel.of(DEFAULT_MODEL).watermark_id:
        return f"model {model_id}, which is the embedded model's number"
    return f"model {model_id}"


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(16)
