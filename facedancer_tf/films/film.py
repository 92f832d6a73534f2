"""Reads films: what a film is (`read_facts`), and its frames with their exact times (`read_frames`).

Frames are as they are stored: neither turned by the display rotation, nor stretched by an aspect ratio, nor
deinterlaced. Times are whole numbers in units of the film's time base. Those of a broadcast are counted from its
beginning, whatever its clock says there.
"""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image

from facedancer_tf.errors import UserError
from facedancer_tf.films.animated_webp import TIME_BASE, decode_webp, durations_ms, is_webp, open_webp
from facedancer_tf.films.colours import FULL_RANGE, HDR, MATRICES, UNSPECIFIED
from facedancer_tf.films.decoding import INDEXED, decode
from facedancer_tf.films.frame_picture import FramePicture
from facedancer_tf.films.layout import holds_alpha, layout_of, native_format
from facedancer_tf.films.opening import check_size, clock_start, open_film

JUMP_MAX_S = 0.5  # further back, times are of another film, put behind the first
ANIMATIONS = ("gif", "apng", "webp")


@dataclass(frozen=True)
class FilmFacts:
    """What a film says of itself.

    `container` and `codec` have FFmpeg's names; `width` and `height` are those of the stored frames, and `rotation` (0,
    90, 180, 270) is by how many degrees a player turns them counter-clockwise. `frames` is an estimate. `end_pts` is
    the end of the last frame, where the container says it. `start_pts` is what the container's clock says where frames
    are at 0. `pixel_format` is that of the pictures that `read_frames` gives. The colours are tags of H.273. `loops` is
    how often an animation plays, 0 for ever; None for other films.
    """

    path: Path
    container: str
    codec: str
    width: int
    height: int
    rotation: int
    time_base: Fraction
    start_pts: int
    frame_rate: Fraction
    frames: int | None
    duration_s: float | None
    end_pts: int | None
    pixel_format: str
    bits: int
    has_alpha: bool
    colour_space: int
    colour_range: int
    colour_primaries: int
    colour_transfer: int
    sample_aspect_ratio: Fraction | None
    is_animation: bool
    loops: int | None


@dataclass(frozen=True)
class FilmFrame:
    """One frame: its `number` from 0 within what was asked for, its time and duration, and what it shows."""

    number: int
    pts: int
    duration: int
    picture: FramePicture


def read_facts(path: str | Path) -> FilmFacts:
    """What the film in this file is. Decodes its first frame.

    Raises UserError in one sentence for what is no film, holds no video, is damaged at its start or too large, and for
    films in HDR (PQ, HLG), whose brightness the models do not know.
    """
    path = Path(path)
    if is_webp(path):
        return _webp_facts(path)
    with closing(decode(path)) as frames:
        frame = next(frames, None)
    if frame is None:
        raise UserError(f"{path}: holds no frame that can be decoded", "unreadable")
    transfer, matrix = int(frame.color_trc), int(frame.colorspace)
    if transfer in HDR:
        raise UserError(
            f"{path}: is in HDR ({HDR[transfer]}), which is not handled; make an SDR film of it first"
        )
    if matrix not in MATRICES:
        raise UserError(f"{path}: its colours are of a kind that is not handled (matrix {matrix})")
    form = native_format(frame.format.name)
    with open_film(path) as (container, stream):
        context, kind = stream.codec_context, container.format.name
        time_base = stream.time_base or Fraction(1, 90000)
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        ticks = stream.duration
        duration_s = (
            float(ticks * time_base) if ticks else container.duration and container.duration / av.time_base
        )
        return FilmFacts(
            path=path,
            container=kind,
            codec=context.codec.canonical_name,
            width=frame.width,
            height=frame.height,
            rotation=round(frame.rotation / 90) * 90 % 360,
            time_base=time_base,
            start_pts=clock_start(container, stream),
            frame_rate=rate,
            frames=stream.frames or (round(duration_s * rate) if duration_s else None),
            duration_s=duration_s or None,
            end_pts=(stream.start_time or 0) + ticks if ticks and kind == INDEXED[0] else None,
            pixel_format=form,
            bits=layout_of(form).bits,
            # WebM holds it as a second picture, which is not decoded.
            has_alpha=holds_alpha(form) or "alpha_mode" in map(str.lower, stream.metadata),
            colour_space=matrix,
            colour_range=FULL_RANGE if "yuvj" in form else int(frame.color_range),
            colour_primaries=int(frame.color_primaries),
            colour_transfer=transfer,
            sample_aspect_ratio=context.sample_aspect_ratio,
            is_animation=kind in ANIMATIONS,
            loops=_plays(path) if kind in ANIMATIONS else None,
        )


def read_frames(
    facts: FilmFacts, first_pts: int | None = None, end_pts: int | None = None
) -> Generator[FilmFrame, None, None]:
    """The frames from `first_pts` (or the first) up to, and without, `end_pts` (or all), bit for bit as in the whole.

    A frame lasts until the next one, which containers do not say reliably; so each is given when the next is there.
    Where the film is damaged, or its times run back, the frames before that place come, and then a UserError.
    """
    number, damage = 0, None
    waiting: tuple[int, av.VideoFrame] | None = None
    with closing(_timed_frames(facts, first_pts)) as frames:
        while True:
            try:
                pts, frame = next(frames, (None, None))
            except UserError as error:
                pts, frame, damage = None, None, error
            if pts is None or frame is None:
                break
            if waiting is not None:
                yield FilmFrame(number, waiting[0], pts - waiting[0], FramePicture(waiting[1]))
                number += 1
            if end_pts is not None and pts >= end_pts:
                return
            waiting = (pts, frame) if first_pts is None or pts >= first_pts else None
    if waiting is not None:
        pts, frame = waiting
        yield FilmFrame(number, pts, _last_duration(facts, frame, pts), FramePicture(frame))
    if damage is not None:
        raise damage


def _timed_frames(
    facts: FilmFacts, first_pts: int | None
) -> Generator[tuple[int, av.VideoFrame], None, None]:
    """Frames from some time before `first_pts` on, with times that rise: one that stands still is moved by one unit."""
    # An animation's frames are made of all before them.
    start = None if facts.is_animation or first_pts is None else first_pts + facts.start_pts
    before: int | None = None
    with closing(
        decode_webp(facts.path) if facts.container == "webp" else decode(facts.path, start)
    ) as frames:
        for frame in frames:
            pts = None if frame.pts is None else frame.pts - facts.start_pts
            if before is None:
                pts = pts or 0
            elif pts is None:
                pts = before + _usual_duration(facts)
            elif pts <= before:
                if (before - pts) * facts.time_base > JUMP_MAX_S:
                    place = f"after {float(before * facts.time_base):.2f} s"
                    raise UserError(
                        f"{facts.path}: its times run back {place}; end before that, or remux it",
                        "unreadable",
                    )
                pts = before + 1
            yield pts, frame
            before = pts


def _usual_duration(facts: FilmFacts) -> int:
    return max(1, round(1 / (facts.frame_rate * facts.time_base)))


def _last_duration(facts: FilmFacts, frame: av.VideoFrame, pts: int) -> int:
    if facts.end_pts is not None and facts.end_pts > pts:
        return facts.end_pts - pts
    return frame.duration or _usual_duration(facts)


def _plays(path: Path) -> int:
    """How often an animation plays, 0 for ever. A GIF counts how often it is played again.

    FFmpeg passes over damage for which Pillow refuses a file; this plays once.
    """
    try:
        with Image.open(path) as image:
            kind, loop = image.format, image.info.get("loop")
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        return 1
    if kind == "GIF":
        return 1 if loop is None else loop and loop + 1
    return 1 if loop is None else loop


def _webp_facts(path: Path) -> FilmFacts:
    with open_webp(path) as image:
        width, height = image.size
    check_size(path, width, height)
    lasting_ms = durations_ms(path)
    rate = Fraction(1000 * len(lasting_ms), max(1, sum(lasting_ms))).limit_denominator(1001)
    return FilmFacts(
        path=path,
        container="webp",
        codec="webp",
        width=width,
        height=height,
        rotation=0,
        time_base=TIME_BASE,
        start_pts=0,
        frame_rate=rate,
        frames=len(lasting_ms),
        duration_s=sum(lasting_ms) / 1000,
        end_pts=sum(lasting_ms),
        pixel_format="rgba",
        bits=8,
        has_alpha=True,
        colour_space=0,
        colour_range=FULL_RANGE,
        colour_primaries=UNSPECIFIED,
        colour_transfer=UNSPECIFIED,
        sample_aspect_ratio=None,
        is_animation=True,
        loops=_plays(path),
    )
