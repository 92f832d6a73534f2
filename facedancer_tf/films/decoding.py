"""Decodes a film's video stream from a time on, so that every frame is as when the film is read from its start."""

from collections.abc import Generator
from itertools import dropwhile
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from facedancer_tf.errors import UserError
from facedancer_tf.films.opening import clock_start, open_film

# Their index knows the time of every keyframe; films of other kinds are read through up to the time.
INDEXED = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm")
BROADCAST = ("mpegts",)  # where a packet that arrived broken is usual
STEPS_BACK_S = (0, 1, 4, 16, 64, 1e9)  # the last is before the start of any film


def decode(path: Path, first_pts: int | None = None) -> Generator[av.VideoFrame, None, None]:
    """The frames of a film as they are displayed one after another, from `first_pts` on or some frames before it.

    Where the film is damaged so that FFmpeg says so, all frames before that place come, and then a UserError.
    """
    for step_s in STEPS_BACK_S:
        with open_film(path) as (container, stream):
            place = None if first_pts is None else _place(container, stream, first_pts, step_s)
            try:
                if place is not None:
                    container.seek(place, stream=stream)
            except av.FFmpegError:
                continue
            frames = _decoded(path, container, stream, from_keyframe=place is not None)
            first = next(frames, None)
            # Some containers search by the time of decoding, which is before that of displaying, and some keyframes are
            # whole only some frames later: the search goes further back until nothing is missing.
            if place is None or (
                first is not None and first.pts is not None and first.pts <= (first_pts or 0)
            ):
                if first is not None:
                    yield first
                yield from frames
                return


def _place(container: InputContainer, stream: VideoStream, pts: int, step_s: float) -> int | None:
    """The time to seek, `step_s` before `pts`; None where the film is to be read from its start."""
    place = pts - round(step_s / (stream.time_base or 1))
    return place if container.format.name in INDEXED and place > (stream.start_time or 0) else None


def _decoded(
    path: Path, container: InputContainer, stream: VideoStream, from_keyframe: bool
) -> Generator[av.VideoFrame, None, None]:
    """The frames of all packets, or of those from the next keyframe on without the frames displayed before it."""
    first: av.VideoFrame | None = None
    start: int | None = None
    reached, damage = clock_start(container, stream), None
    packets = container.demux(stream)
    if from_keyframe:
        packets = dropwhile(lambda packet: not packet.is_keyframe, packets)
    while damage is None:
        try:
            packet = next(packets, None)
            if packet is None:
                return
            start = start or packet.pts
            if packet.is_corrupt and container.format.name not in BROADCAST:
                damage = "a packet is incomplete"
            frames = stream.decode(packet if damage is None else None)
        except av.FFmpegError as error:
            damage, frames = str(error.strerror), _rest(stream)
        for frame in frames:
            if from_keyframe and (frame.pts or 0) < (start or 0):
                continue  # it leans on frames before the keyframe
            first = first or frame
            if _shape(frame) != _shape(first):
                damage = f"its frames change from {_shape(first)} to {_shape(frame)}"
                break
            reached = frame.pts or reached
            yield frame
    reached_s = float((reached - clock_start(container, stream)) * (stream.time_base or 0))
    sentence = f"{path}: cannot be read after {reached_s:.2f} s ({damage}); end before that, or repair it"
    raise UserError(sentence, "unreadable")


def _rest(stream: VideoStream) -> list[av.VideoFrame]:
    """The frames that wait in the decoder."""
    try:
        return stream.decode(None)
    except av.FFmpegError:
        return []


def _shape(frame: av.VideoFrame) -> str:
    return f"{frame.width} x {frame.height} px, {frame.format.name}"
