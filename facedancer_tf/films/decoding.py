"""Decodes a film's video stream from a time on, so that every frame is as when the film is read from its start."""

from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from facedancer_tf.errors import UserError
from facedancer_tf.films.opening import open_film

# Their index knows the time of every keyframe; films of other kinds are read through up to the time.
INDEXED = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm")
LOSSY_ON_AIR = ("mpegts",)  # where a broken packet is no damage worth stopping for
STEPS_BACK_S = (0, 1, 4, 16, 64)


def decode(path: Path, first_pts: int | None = None) -> Generator[av.VideoFrame, None, None]:
    """The frames of a film as they are displayed one after another, from `first_pts` on or some frames before it.

    Where the film is damaged, all frames before that place come, and then a UserError.
    """
    start = None if first_pts is None else _place_to_start(path, first_pts)
    with open_film(path) as (container, stream):
        if start is not None:
            container.seek(start, stream=stream)
        yield from _decoded(path, container, stream)


def _place_to_start(path: Path, pts: int) -> int | None:
    """A time that, sought, leads to a keyframe displayed at `pts` or before; None for the film's start.

    Some containers search by the time of decoding, which is before that of displaying: the keyframe that they find may
    be displayed after `pts`, and frames before it would be lost.
    """
    with open_film(path) as (container, stream):
        if container.format.name not in INDEXED or stream.time_base is None:
            return None
        for step_s in STEPS_BACK_S:
            place = pts - round(Fraction(step_s) / stream.time_base)
            if place <= (stream.start_time or 0):
                return None
            try:
                container.seek(place, stream=stream)
                keyframe = next((packet for packet in container.demux(stream) if packet.is_keyframe), None)
            except av.FFmpegError:
                return None
            if keyframe is not None and keyframe.pts is not None and keyframe.pts <= pts:
                return place
    return None


def _decoded(
    path: Path, container: InputContainer, stream: VideoStream
) -> Generator[av.VideoFrame, None, None]:
    """The frames of all packets from the next keyframe on."""
    reached_s, started, damaged = 0.0, False, False
    form: av.VideoFormat | None = None
    packets: Iterator[Packet] = container.demux(stream)
    while not damaged:
        try:
            packet = next(packets, None)
            if packet is None:
                return
            started = started or packet.is_keyframe
            damaged = packet.is_corrupt and container.format.name not in LOSSY_ON_AIR
            frames = stream.decode(packet) if started and not damaged else []
        except av.FFmpegError:
            damaged, frames = True, []
        if damaged:
            frames = _waiting(stream)
        for frame in frames:
            form = form or frame.format
            if (form.name, form.width, form.height) != (frame.format.name, frame.width, frame.height):
                raise UserError(
                    f"{path}: its frames change after {reached_s:.2f} s, from {form.width} x {form.height} px "
                    f"({form.name}) to {frame.width} x {frame.height} px ({frame.format.name}); cut it there",
                    "unreadable",
                )
            reached_s = frame.time if frame.time is not None else reached_s
            yield frame
    raise UserError(
        f"{path}: is damaged after {reached_s:.2f} s; end before that, or repair it", "unreadable"
    )


def _waiting(stream: VideoStream) -> list[av.VideoFrame]:
    """The frames that the decoder still has."""
    try:
        return stream.decode(None)
    except av.FFmpegError:
        return []
