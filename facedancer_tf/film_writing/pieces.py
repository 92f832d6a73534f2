"""Reads the packets of a film's segments as one stream: the times of decoding lead on from one segment to the next."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av

from facedancer_tf.films.film import FilmFacts


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
            before = times_before(times[0], durations[times[0]], depth)
        decoding = [*before, *times]
        for packet, moment in zip(packets, decoding, strict=False):
            packet.dts, packet.duration = moment, durations[packet.pts]
            yield packet
        before = decoding[len(times) :]


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


def times_before(pts: int, duration: int, depth: int) -> list[int]:
    """When the first `depth` packets are decoded: as long before the first frame is shown as `depth` frames last."""
    return [pts - early * duration for early in range(depth, 0, -1)]


def is_whole(path: Path) -> bool:
    """Whether there is a segment at `path` that can be read to its end."""
    try:
        with av.open(str(path)) as container:
            return any(packet.size for packet in container.demux(video=0))
    except (OSError, av.error.FFmpegError):
        return False


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
