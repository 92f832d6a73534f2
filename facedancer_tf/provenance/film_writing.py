"""The door through which films leave this program: whatever is swapped is marked here, as pictures are.

1. Content credentials in MP4, MOV, GIF and WebP; MKV and WebM hold none.
2. Metadata: IPTC's digital source type, as a comment of the file and, where the format holds it, as an XMP packet.
3. The watermark in every frame.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from data.pictures import read_picture
from data.whole_files import passing_path, whole_path
from facedancer_tf.film_writing.assembly import assemble
from facedancer_tf.film_writing.encoding import Encoding
from facedancer_tf.film_writing.segments import write_segment
from facedancer_tf.films.animated_webp import durations_ms
from facedancer_tf.films.film import FilmFacts, FilmFrame, read_facts
from facedancer_tf.provenance.certificate import SigningIdentity
from facedancer_tf.provenance.film_reading import watermark_in
from facedancer_tf.provenance.film_watermark import marked
from facedancer_tf.provenance.metadata import film_tags, xmp_packet
from facedancer_tf.provenance.swapped import UsedModel
from facedancer_tf.provenance.watermark_reading import read_watermark
from facedancer_tf.provenance.writing import own_identity, sign_swapped, watermark_of
from facedancer_tf.writing import reported

SIGNED_SUFFIXES = (".mp4", ".mov", ".gif", ".webp")


def write_marked_segment(
    path: Path, facts: FilmFacts, encoding: Encoding, frames: Iterable[FilmFrame], models: Sequence[UsedModel]
) -> int:
    """As `write_segment`, with the watermark in every frame, which names the model if only one of `models` swapped.

    Raises UserError where the disk refuses.
    """
    with reported(path):
        return write_segment(path, facts, encoding, marked(frames, watermark_of(models)))


def write_unmarked_segment(
    path: Path, facts: FilmFacts, encoding: Encoding, frames: Iterable[FilmFrame]
) -> int:
    """As `write_segment`, for those who measure pixels; raises UserError where the disk refuses."""
    with reported(path):
        return write_segment(path, facts, encoding, frames)


def finish_marked(
    path: Path,
    facts: FilmFacts,
    encoding: Encoding,
    segments: Sequence[Path],
    models: Sequence[UsedModel],
    first_pts: int | None = None,
    end_pts: int | None = None,
    identity: SigningIdentity | None = None,
) -> list[str]:
    """Puts marked segments together as the film `path`, which exists whole or not at all; returns notes to show.

    `identity` signs the content credentials, by default the one that `own_signing_identity` makes; the film's source is
    its parent. Times are as in `assemble`. Raises UserError where the disk refuses or the film cannot be signed.
    """
    with reported(path), passing_path(path) as unsigned:
        notes = assemble(
            unsigned, facts, encoding, segments, first_pts, end_pts, film_tags(), xmp_packet(synthetic=True)
        )
        if encoding.suffix in SIGNED_SUFFIXES:
            notes += _sign(unsigned, path, facts, models, identity)
        else:
            os.replace(unsigned, path)
            notes.append(f"{encoding.suffix} holds no content credentials: metadata and watermark mark it")
    still = encoding.suffix == ".webp" and not durations_ms(path)  # a frame alone becomes a picture
    if (read_watermark(read_picture(path).rgb) if still else watermark_in(read_facts(path))) is None:
        notes.append("the film is too small or too plain to hold the invisible watermark")
    return notes


def finish_unmarked(
    path: Path,
    facts: FilmFacts,
    encoding: Encoding,
    segments: Sequence[Path],
    first_pts: int | None = None,
    end_pts: int | None = None,
) -> list[str]:
    """As `finish_marked`, without marks."""
    with reported(path), whole_path(path) as beside:
        return assemble(beside, facts, encoding, segments, first_pts, end_pts)


def _sign(
    unsigned: Path,
    path: Path,
    facts: FilmFacts,
    models: Sequence[UsedModel],
    identity: SigningIdentity | None,
) -> list[str]:
    """Writes the film `unsigned` with content credentials to `path`; returns notes."""
    note = None
    if identity is None:
        identity, note = own_identity()
    with whole_path(path) as beside, unsigned.open("rb") as file, beside.open("w+b") as signed:
        notes = sign_swapped(file, models, facts.path, identity, signed)
    return [note, *notes] if note else notes
