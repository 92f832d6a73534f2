"""Writes a segment of a film as a whole file of its own.

Every segment has a fresh encoder, so it depends on its own frames alone: a run that was killed and goes on with the
next segment gives the same packets as one that was not. Times are those of the film, in its own time base, exactly.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import av
from av.codec.context import Flags
from av.video.frame import PictureType

from data.whole_files import whole_path
from facedancer_tf.film_writing.encoding import LOSSLESS_WITH_ALPHA, Encoding
from facedancer_tf.film_writing.pieces import till_the_end, times_before
from facedancer_tf.films.colours import FULL_RANGE
from facedancer_tf.films.film import FilmFacts, FilmFrame

os.environ.setdefault("SVT_LOG", "1")  # the AV1 encoder else writes its settings to stderr
SEGMENT_SUFFIX = ".mp4"
_FLAGS = Flags.frame_duration | Flags.closed_gop | Flags.global_header
_REORDERED = {"libx265": 2}  # frames that an encoder keeps back without saying so


def write_segment(path: Path, facts: FilmFacts, encoding: Encoding, frames: Iterable[FilmFrame]) -> int:
    """Encodes `frames` into the file `path`, which exists whole or not at all; returns how many frames there were.

    Raises OSError where the disk refuses, and ValueError where there are no frames.
    """
    count = 0
    with whole_path(path) as beside, open_whole(beside, "mp4", facts.time_base) as container:
        stream = _add_stream(container, facts, encoding)
        for packet in till_the_end(_encoded(stream, facts, encoding, frames)):
            container.mux_one(packet)
            count += 1
        if not count:
            raise ValueError("a segment must have a frame")
    return count


def open_whole(
    path: Path, form: str, time_base: Fraction, options: Mapping[str, str] | None = None
) -> av.container.OutputContainer:
    """Opens an MP4 or QuickTime file (`form` is "mp4" or "mov") to write, whose own clock ticks with `time_base`.

    By default it ticks in milliseconds, to which the film's beginning would be rounded.
    """
    clock = {"movie_timescale": str(time_base.denominator)}
    return av.open(str(path), "w", format=form, container_options=clock | dict(options or {}))


def mark_colours(context: av.VideoCodecContext, facts: FilmFacts, encoding: Encoding) -> None:
    """States the film's colours and the shape of its pixels."""
    primaries, transfer, matrix, colour_range = encoding.colours
    context.color_primaries, context.color_trc = primaries, transfer
    context.colorspace, context.color_range = matrix, colour_range
    if facts.sample_aspect_ratio:
        context.sample_aspect_ratio = facts.sample_aspect_ratio


def _add_stream(
    container: av.container.OutputContainer, facts: FilmFacts, encoding: Encoding
) -> av.VideoStream:
    stream: Any = container.add_stream(encoding.codec, rate=facts.frame_rate, options=dict(encoding.options))
    stream.width, stream.height, stream.pix_fmt = facts.width, facts.height, encoding.pixel_format
    stream.time_base = facts.time_base
    context = stream.codec_context
    context.time_base, context.framerate = facts.time_base, facts.frame_rate
    context.flags |= _FLAGS
    context.thread_count = encoding.threads
    mark_colours(context, facts, encoding)
    context.open()
    return stream


def _encoded(stream: Any, facts: FilmFacts, encoding: Encoding, frames: Iterable[FilmFrame]) -> Iterator[Any]:
    """The packets of frames, in the order of decoding. Their times are set here: no two encoders state them alike."""
    durations: dict[int, int] = {}
    decoding: deque[int] = deque()
    for frame in chain(frames, (None,)):
        if frame is not None:
            if not durations:
                depth = _REORDERED.get(encoding.codec, stream.codec_context.reorder_depth)
                decoding.extend(times_before(frame.pts, frame.duration, depth))
            decoding.append(frame.pts)
            durations[frame.pts] = frame.duration
        for packet in stream.encode(frame and _ready(frame, facts, encoding)):
            packet.dts, packet.duration = decoding.popleft(), durations[packet.pts]
            yield packet


def _ready(frame: FilmFrame, facts: FilmFacts, encoding: Encoding) -> av.VideoFrame:
    """The frame in the encoding's pixel format, with its times; the encoder decides what kind of picture it becomes."""
    picture = frame.picture.frame
    if picture.format.name != encoding.pixel_format:
        if picture.format.is_rgb and encoding.pixel_format != LOSSLESS_WITH_ALPHA:
            picture = picture.reformat(
                format=encoding.pixel_format, dst_colorspace="ITU709", dst_color_range="MPEG"
            )
        elif encoding.pixel_format == LOSSLESS_WITH_ALPHA:
            picture = picture.reformat(format=encoding.pixel_format)
        else:  # the same values, stored otherwise
            kind = "JPEG" if encoding.colours[-1] == FULL_RANGE else "MPEG"
            picture = picture.reformat(
                format=encoding.pixel_format, src_color_range=kind, dst_color_range=kind
            )
    picture.pts, picture.time_base, picture.duration = frame.pts, facts.time_base, frame.duration
    picture.pict_type = PictureType.NONE
    return picture
