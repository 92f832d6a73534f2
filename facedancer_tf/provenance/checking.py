"""Reads back what the three layers of marks say about a file, whoever wrote it."""

import json
from dataclasses import asdict, dataclass
from math import ceil, log10
from pathlib import Path

from PIL import Image

from data.picture_kinds import START_BYTES, kind_by_content
from data.pictures import UnreadablePicture, read_picture
from facedancer_tf.errors import UserError
from facedancer_tf.films.film import FilmFacts, read_facts
from facedancer_tf.provenance.credentials import CredentialsReading, read_credentials
from facedancer_tf.provenance.film_reading import source_type_in, watermark_in
from facedancer_tf.provenance.media import media_type
from facedancer_tf.provenance.metadata import SYNTHETIC_TYPES, packet_of, source_type
from facedancer_tf.provenance.swapped import SEVERAL_MODELS, UsedModel
from facedancer_tf.provenance.watermark_reading import WatermarkReading, read_watermark
from facedancer_tf.weights.catalogue import DEFAULT_MODEL

NOT_LOOKED_FOR = "not looked for in this format"


@dataclass(frozen=True)
class Provenance:
    """What the marks of one file say.

    `credentials` is None where the file has none; `damage` says why they cannot be read, if they cannot. `metadata` is
    IPTC's name of the digital source type, or None. `watermark` is None where none is found. `has_pixels` is False for
    formats of which only the credentials are read here (TIFF, AVIF, HEIC).
    """

    credentials: CredentialsReading | None
    damage: str
    metadata: str | None
    watermark: WatermarkReading | None
    has_pixels: bool

    @property
    def is_marked(self) -> bool:
        """Whether at least one layer that holds says that the picture is synthetic, wholly or in part."""
        stated = {self.metadata}
        if self.credentials is not None and self.credentials.is_unchanged:
            stated.update(self.credentials.source_types)
        return self.watermark is not None or not stated.isdisjoint(SYNTHETIC_TYPES)


def check(path: Path, trust_anchors: str | None = None) -> Provenance:
    """Reads the marks of the picture or film at `path`; `trust_anchors` as in `read_credentials`.

    Raises UnreadablePicture where the file can neither be read as a picture or film nor hold content credentials.
    """
    try:
        picture = read_picture(path)
    except UnreadablePicture as error:
        other_kind = error.reason == "not_a_picture" or error.reason.endswith("_picture")
        film = _film(path) if other_kind else None
        if not other_kind or (film is None and media_type(_start(path)) is None):
            raise
        if film is None and (media_type(_start(path)) or "").startswith("video/"):
            raise UnreadablePicture(
                path, "truncated", "no film that can be read, or damaged at its start"
            ) from error
        return Provenance(*_credentials(path, trust_anchors), *_marks_of_film(film), film is not None)
    with Image.open(path) as image:
        image.load()  # PNG may hold it behind the pixels
        metadata = source_type(packet_of(image))
    watermark = read_watermark(picture.rgb)
    return Provenance(*_credentials(path, trust_anchors), metadata, watermark, has_pixels=True)


def _credentials(path: Path, trust_anchors: str | None) -> tuple[CredentialsReading | None, str]:
    """The credentials of a file, and what is wrong with them where they cannot be read."""
    with path.open("rb") as file:
        try:
            return read_credentials(file, trust_anchors), ""
        except ValueError as error:
            return None, str(error)


def _film(path: Path) -> FilmFacts | None:
    """What is to be known of the film at `path`, None where there is none."""
    if kind_by_content(_start(path)) not in (None, "gif"):
        return None
    try:
        return read_facts(path)
    except UserError:
        return None


def _marks_of_film(facts: FilmFacts | None) -> tuple[str | None, WatermarkReading | None]:
    return (None, None) if facts is None else (source_type_in(facts), watermark_in(facts))


def in_words(provenance: Provenance) -> list[str]:
    """The three layers' findings, one line each."""
    metadata = provenance.metadata or "no digital source type"
    return [
        f"credentials: {_credentials_in_words(provenance)}",
        f"metadata:    {metadata if provenance.has_pixels else NOT_LOOKED_FOR}",
        f"watermark:   {_watermark_in_words(provenance)}",
    ]


def as_json(path: Path, provenance: Provenance) -> dict[str, object]:
    """The findings as plain values for JSON."""
    return {"file": str(path), "marked": provenance.is_marked, **json.loads(json.dumps(asdict(provenance)))}


def _credentials_in_words(provenance: Provenance) -> str:
    if provenance.damage:
        return f"cannot be read ({provenance.damage})"
    reading = provenance.credentials
    if reading is None:
        return "none"
    if not reading.is_unchanged:
        return f"BROKEN ({', '.join(reading.failures)}): the file is not as it was signed"
    who = "a trusted signer" if reading.trusted else "a signer that nobody here vouches for"
    kinds = ", ".join(reading.source_types) or "no digital source type"
    steps = "" if reading.manifests == 1 else f"; {reading.manifests} steps of history"
    state = "intact"
    if not reading.valid:
        state = f"the file is as it was signed, but the signer does not hold ({', '.join(reading.failures)})"
    program = reading.program or "an unnamed program"
    return f'{state}, by {who}, "{reading.signer}", with {program}: {kinds}{steps}'


def _watermark_in_words(provenance: Provenance) -> str:
    reading = provenance.watermark
    if not provenance.has_pixels:
        return NOT_LOOKED_FOR
    if reading is None:
        return "not found"
    model = _model_in_words(reading.model_id)
    return f"found: a synthetic face, {model} (chance of a false alarm below 1e{ceil(log10(reading.chance))})"


def _model_in_words(model_id: int) -> str:
    if model_id == SEVERAL_MODELS:
        return "by several models or one without a file"
    if model_id == UsedModel.of(DEFAULT_MODEL).watermark_id:
        return f"model {model_id}, which is the embedded model's number"
    return f"model {model_id}"


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(START_BYTES)
