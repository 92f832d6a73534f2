"""Reads the marks in a film's metadata and pictures, whoever wrote them."""

from facedancer_tf.films.film import FilmFacts
from facedancer_tf.films.opening import open_film
from facedancer_tf.films.spread_frames import spread_frames
from facedancer_tf.films.xmp_packets import xmp_of_gif
from facedancer_tf.provenance.film_watermark import read_film_watermark
from facedancer_tf.provenance.metadata import source_type
from facedancer_tf.provenance.watermark_pattern import CANVAS_PX
from facedancer_tf.provenance.watermark_reading import WatermarkReading

FRAMES = 12  # that are read together


def watermark_in(facts: FilmFacts) -> WatermarkReading | None:
    """The watermark of a film, read from frames all over it; None where none is found, or no frame can be decoded."""
    canvases = [picture.luma(CANVAS_PX) for picture in spread_frames(facts, FRAMES)]
    return read_film_watermark(canvases) if canvases else None


def source_type_in(facts: FilmFacts) -> str | None:
    """The name of the digital source type that the film's metadata state: its tags, or the XMP packet of a GIF."""
    if facts.container == "gif":
        return source_type(xmp_of_gif(facts.path))
    with open_film(facts.path) as (container, _):
        texts = "\n".join(container.metadata.values())
    return source_type(texts.encode("utf-8", "replace"))
