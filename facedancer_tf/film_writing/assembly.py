"""Puts the segments of a film together, with all that its source holds beside the pictures; nothing is encoded again.

Packets are copied, so this takes seconds for an hour. Only animations (GIF, WebP) get their own format here.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from facedancer_tf.film_writing.animation_files import write_animation
from facedancer_tf.film_writing.encoding import Encoding
from facedancer_tf.film_writing.film_tags import (
    copy_chapters,
    copy_stream_tags,
    holds_foreign_tags,
    joined_tags,
)
from facedancer_tf.film_writing.other_streams import OtherStreams
from facedancer_tf.film_writing.pieces import read_pieces, till_the_end
from facedancer_tf.film_writing.section import Section
from facedancer_tf.film_writing.segments import mark_colours, open_whole
from facedancer_tf.film_writing.xmp_packets import add_xmp_to_mp4
from facedancer_tf.films.film import FilmFacts
from facedancer_tf.films.opening import open_film

_FORMATS = {".webm": "webm", ".mkv": "matroska", ".mov": "mov", ".mp4": "mp4"}
_QUICKTIME = (".mp4", ".mov")


def assemble(
    path: Path,
    facts: FilmFacts,
    encoding: Encoding,
    segments: Sequence[Path],
    first_pts: int | None = None,
    end_pts: int | None = None,
    tags: Mapping[str, str] | None = None,
    xmp: bytes = b"",
) -> list[str]:
    """Writes the film of `segments` to `path`; returns notes on what of the source could not be kept as it was.

    first_pts, end_pts: the section of the source that the segments show, in its video's time base; times are moved so
    that it begins at 0. Without `first_pts` they stay what they are. tags: metadata of the container that are added to
    the source's own. xmp: a packet that is added where the format holds one (MP4, MOV, GIF, WebP). Raises OSError where
    the disk refuses.
    """
    if encoding.is_animation:
        write_animation(path, facts, encoding, segments, xmp)
        return _no_sound(facts, encoding)
    with ExitStack() as stack:
        source, film = None, None
        if facts.container != "webp":  # which FFmpeg does not open; it holds nothing but its pictures
            source, film = stack.enter_context(open_film(facts.path))
        own_tags = source.metadata if source else {}
        options = {"movflags": "+faststart"} if encoding.suffix in _QUICKTIME else {}
        if options and holds_foreign_tags(own_tags):
            options["movflags"] += "+use_metadata_tags"
        result = stack.enter_context(_open(path, encoding.suffix, facts.time_base, options))
        result.metadata.update(joined_tags(own_tags, tags or {}))
        section = Section.of(facts, first_pts, end_pts)
        video = _video_stream(film, result, facts, encoding, segments[0])
        others = None
        if source and film:
            copy_chapters(source, result, section)
            others = OtherStreams(source, film, result, section)
        pieces = _moved(read_pieces(segments, facts), video, first_pts or 0)
        if encoding.suffix in _QUICKTIME:
            pieces = till_the_end(pieces)
        for packet in heapq.merge(pieces, others.packets() if others else (), key=_moment):
            result.mux_one(packet)
    if xmp and encoding.suffix in _QUICKTIME:
        add_xmp_to_mp4(path, xmp)
    return [*(others.notes if others else []), *_limits(facts, encoding)]


def _open(
    path: Path, suffix: str, time_base: Fraction, options: dict[str, str]
) -> av.container.OutputContainer:
    if suffix in _QUICKTIME:
        return open_whole(path, _FORMATS[suffix], time_base, options)
    # Sound may begin a moment before 0: without this, everything is moved for it.
    return av.open(
        str(path), "w", format=_FORMATS[suffix], container_options={"avoid_negative_ts": "disabled"}
    )


def _video_stream(
    film: av.VideoStream | None,
    result: av.container.OutputContainer,
    facts: FilmFacts,
    encoding: Encoding,
    segment: Path,
) -> av.VideoStream:
    """Adds the stream of the pictures, as its segments and `film`, the source's own stream, have it."""
    with av.open(str(segment)) as first:
        stream = result.add_stream_from_template(first.streams.video[0], opaque=True)
    if film is not None:
        copy_stream_tags(film, stream)
    stream.time_base = facts.time_base
    if encoding.suffix in _QUICKTIME and stream.codec_context.name == "hevc":
        stream.codec_context.codec_tag = "hvc1"  # Apple's players know no other
    mark_colours(stream.codec_context, facts, encoding)  # not every codec carries them itself
    if facts.rotation:  # before the first packet of any stream: later it is lost without a word
        stream.set_display_rotation(facts.rotation)
    return stream


def _moved(packets: Iterator[Any], stream: av.VideoStream, shift: int) -> Iterator[Any]:
    for packet in packets:
        packet.stream = stream
        packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
        yield packet


def _moment(packet: Any) -> Fraction:
    return (packet.dts if packet.dts is not None else packet.pts) * packet.time_base


def _no_sound(facts: FilmFacts, encoding: Encoding) -> list[str]:
    """A note where the film has sound, which an animation does not hold."""
    if facts.container == "webp":
        return []
    with open_film(facts.path) as (source, _):
        kind = encoding.suffix[1:].upper()
        return [f"{kind} holds no sound: the film's is left out"] if source.streams.audio else []


def _limits(facts: FilmFacts, encoding: Encoding) -> list[str]:
    """What a Matroska or WebM file does not hold as it was."""
    if encoding.suffix not in (".mkv", ".webm"):
        return []
    notes = []
    if (1000 * facts.time_base).denominator != 1:
        notes.append(f"{encoding.suffix} holds times in whole milliseconds: the film's are rounded")
    if facts.sample_aspect_ratio not in (None, 0, 1) and encoding.codec not in ("libx264", "libx265"):
        notes.append(
            f"the shape of the pixels ({facts.sample_aspect_ratio}) is not kept in {encoding.suffix} with this codec"
        )
    return notes
