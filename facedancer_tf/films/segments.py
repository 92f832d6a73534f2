"""Writes a piece of a film as a whole file of its own, and reads the packets of such pieces as one stream.

Every piece has a fresh encoder, so it depends on its own frames alone: a run that was killed and goes on with the next
piece gives the same packets as one that was not. Times are those of the film, in its own time base, kept exactly.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import av
from av.codec.context import Flags
from av.video.frame import PictureType

from data.whole_files import whole_path
from facedancer_tf.films.colours import FULL_RANGE
from facedancer_tf.films.encoding import LOSSLESS_WITH_ALPHA, Encoding
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


def till_the_end(packets: Iterable[Any]) -> Iterator[Any]:
    """Yields `packets`, the last one made to last longer where MP4 would make the film end too early.

    MP4 adds up how long packets last in the order of decoding, where the last one need not be the last one shown.
    """
    first, last, end = None, None, 0
    for packet in packets:
        if last is None:
            first = packet.pts - packet.dts
        else:
            yield last
        end, last = max(end, packet.pts + packet.duration), packet
    if last is not None and first is not None:
        last.duration = max(last.duration, end - first - last.dts)
        yield last


def open_whole(
    path: Path, form: str, time_base: Fraction, options: Mapping[str, str] | None = None
) -> av.container.OutputContainer:
    """Opens an MP4 or QuickTime file (`form` is "mp4" or "mov") to write, whose own clock ticks with `time_base`.

    By default it ticks in milliseconds, to which the film's beginning would be rounded.
    """
    clock = {"movie_timescale": str(time_base.denominator)}
    return av.open(str(path), "w", format=form, container_options=clock | dict(options or {}))


def read_pieces(segments: Iterable[Path], facts: FilmFacts) -> Iterator[Any]:
    """Reads the packets (`av.Packet`) of segments one after another, in the order of decoding, as one stream.

    Their times are those of the film, in its time base. A frame is decoded when the one that many places before it is
    shown as the encoder keeps back, which is where a single encoder would have put it.
    """
    before: list[int] | None = None  # the times of the last frames shown of the segments so far
    for path in segments:
        packets, end, depth = _packets(path, facts.time_base)
        times = sorted(packet.pts for packet in packets)
        durations = {time: following - time for time, following in pairwise([*times, end])}
        if before is None:
            before = _before(times[0], durations[times[0]], depth)
        decoding = [*before, *times]
        for packet, moment in zip(packets, decoding, strict=False):
            packet.dts, packet.duration = moment, durations[packet.pts]
            yield packet
        before = decoding[len(times) :]


def mark_colours(context: av.VideoCodecContext, facts: FilmFacts, encoding: Encoding) -> None:
    """States the film's colours and the shape of its pixels."""
    primaries, transfer, matrix, colour_range = encoding.colours
    context.color_primaries, context.color_trc = primaries, transfer
    context.colorspace, context.color_range = matrix, colour_range
    if facts.sample_aspect_ratio:
        context.sample_aspect_ratio = facts.sample_aspect_ratio


def _packets(path: Path, time_base: Fraction) -> tuple[list[Any], int, int]:
    """All packets of a segment, the end of its last frame, and how many frames its encoder kept back.

    All times are in units of `time_base`.
    """
    with av.open(str(path)) as container:
        stream: Any = container.streams.video[0]
        packets: list[Any] = [packet for packet in container.demux(stream) if packet.size]
        scale = stream.time_base / time_base
        for packet in packets:
            packet.pts, packet.time_base = int(packet.pts * scale), time_base
        end = int((stream.start_time + stream.duration) * scale)
        return packets, end, stream.codec_context.reorder_depth


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
                decoding.extend(_before(frame.pts, frame.duration, depth))
            decoding.append(frame.pts)
            durations[frame.pts] = frame.duration
        for packet in stream.encode(frame and _ready(frame, facts, encoding)):
            packet.dts, packet.duration = decoding.popleft(), durations[packet.pts]
            yield packet


def _before(pts: int, duration: int, depth: int) -> list[int]:
    """When the first `depth` packets are decoded: as long before the first frame is shown as `depth` frames last."""
    return [pts - early * duration for early in range(depth, 0, -1)]


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


def is_whole(path: Path) -> bool:
    """Whether there is a segment at `path` that can be read to its end."""
    try:
        with av.open(str(path)) as container:
            return any(packet.size for packet in container.demux(video=0))
    except (OSError, av.error.FFmpegError):
        return False
