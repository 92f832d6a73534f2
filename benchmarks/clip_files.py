"""Writes test clips as films, with every property that a film can lose.

    write_clip(folder / "a.mp4", one_face().frames(), rate=24, audio=True, rotation=90)

The frames are photographs on known paths (`benchmarks.clips`), untouched: nothing here is swapped or marked.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.codec.context import Flags
from av.subtitles.subtitle import SubtitleSet
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from PIL import Image

ANIMATIONS = (".gif", ".apng", ".png", ".webp")
# What makes an encoder quick; a test's own options come on top.
SPEED = {
    "libx264": {"preset": "veryfast"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=error"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
}
COLOURS = {
    "bt709": (ColorPrimaries.BT709, ColorTrc.BT709, Colorspace.ITU709),
    "bt601": (ColorPrimaries.SMPTE170M, ColorTrc.SMPTE170M, Colorspace.ITU601),
    "bt2020": (ColorPrimaries.BT2020, ColorTrc.BT2020_10, Colorspace.BT2020),
    "pq": (ColorPrimaries.BT2020, ColorTrc.SMPTE2084, Colorspace.BT2020),
    "hlg": (ColorPrimaries.BT2020, ColorTrc.ARIB_STD_B67, Colorspace.BT2020),
}
AUDIO_RATE = 48000
SUBTITLES = ((0, 400, "Good morning."), (500, 900, "And good night."))  # from and to, in milliseconds
MILLISECOND = Fraction(1, 1000)
STYLES = b"""[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, \
Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, \
MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,0
"""


def write_clip(
    path: Path,
    frames: Iterable[np.ndarray],
    rate: Fraction | int = 24,
    times: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    codec: str | None = None,
    pixel_format: str = "yuv420p",
    options: dict[str, str] | None = None,
    colours: str | None = None,
    full_range: bool = False,
    rotation: int = 0,
    aspect: Fraction | None = None,
    audio: bool = False,
    subtitles: bool = False,
    chapters: bool = False,
    metadata: dict[str, str] | None = None,
    language: str | None = None,
    loops: int = 0,
) -> None:
    """Writes RGB `frames` uint8 [H, W, 3], or RGBA for an animation, to `path` in the format of its suffix.

    `times`, one more than frames (the last is the end), are in units of `time_base` (1 / rate if None) and make the
    rate variable. H.264 has B-frames unless `options` (x264's own) say otherwise. `colours` is a key of COLOURS, or
    None for no tags (and BT.601). `rotation` is that of FFmpeg's display matrix, in degrees. `audio` is a sine as AAC
    (Opus in WebM), `subtitles` are two lines, `chapters` two halves; `metadata` and `language` are written as they
    are, "location" among them. `loops` is for animations, 0 is for ever, and nothing else of these is.
    """
    time_base = time_base or 1 / Fraction(rate)
    if path.suffix in ANIMATIONS:
        _write_animation(path, list(frames), times, time_base, loops)
        return
    codec = codec or ("libvpx-vp9" if path.suffix == ".webm" else "libx264")
    colour_range = ColorRange.JPEG if full_range else ColorRange.MPEG
    pictures = iter(frames)
    first = next(pictures)
    with av.open(path, "w") as container:
        container.metadata.update(metadata or {})
        stream: Any = container.add_stream(codec, Fraction(rate), SPEED.get(codec, {}) | (options or {}))
        context = stream.codec_context
        stream.time_base = context.time_base = time_base
        context.flags |= Flags.frame_duration
        context.pix_fmt, context.color_range = pixel_format, colour_range
        context.height, context.width = first.shape[:2]
        if colours:
            context.color_primaries, context.color_trc, context.colorspace = COLOURS[colours]
        if aspect:
            context.sample_aspect_ratio = aspect
        if language:
            stream.metadata["language"] = language
        if rotation:
            stream.set_display_rotation(rotation)
        sound: Any = audio and container.add_stream(
            "libopus" if path.suffix == ".webm" else "aac", AUDIO_RATE, layout="stereo"
        )
        words: Any = subtitles and container.add_stream(
            "mov_text" if path.suffix in (".mp4", ".mov") else "subrip"
        )
        if words:
            words.time_base = words.codec_context.time_base = MILLISECOND
            words.codec_context.subtitle_header = STYLES
        if chapters:
            halves = enumerate((0, 500))
            container.set_chapters([_chapter(number, start) for number, start in halves])
        end = 0
        for number, picture in enumerate(chain([first], pictures)):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(
                format=pixel_format,
                dst_colorspace=COLOURS[colours or "bt601"][2],
                dst_color_range=colour_range,
            )
            start, end = (times[number], times[number + 1]) if times else (number, number + 1)
            frame.pts, frame.duration, frame.time_base = start, end - start, time_base
            container.mux(stream.encode(frame))
            if sound:
                _mux_sine(container, sound, start * time_base, end * time_base)
        container.mux(stream.encode())
        if sound:
            container.mux(sound.encode())
        if words:
            _mux_subtitles(container, words)


def _chapter(number: int, start: int) -> Any:
    title = {"title": f"Chapter {number + 1}"}
    return {"id": number, "start": start, "end": start + 500, "time_base": MILLISECOND, "metadata": title}


def _mux_sine(container: Any, stream: Any, start_s: Fraction, end_s: Fraction) -> None:
    """A tone of 440 Hz from one time to another, in seconds."""
    samples = np.arange(round(start_s * AUDIO_RATE), round(end_s * AUDIO_RATE))
    wave = 0.2 * np.sin(2 * np.pi * 440 * samples / AUDIO_RATE).astype(np.float32)
    frame = av.AudioFrame.from_ndarray(np.tile(wave, (2, 1)), "fltp", "stereo")
    frame.sample_rate, frame.pts, frame.time_base = AUDIO_RATE, int(samples[0]), Fraction(1, AUDIO_RATE)
    container.mux(stream.encode(frame))


def _mux_subtitles(container: Any, stream: Any) -> None:
    for number, (start, end, text) in enumerate(SUBTITLES):
        line = SubtitleSet.create(f"{number},0,Default,,0,0,0,,{text}".encode(), 0, end - start, 0)
        packet = stream.codec_context.encode_subtitle(line)
        packet.stream, packet.time_base = stream, MILLISECOND
        packet.pts = packet.dts = start
        packet.duration = end - start
        container.mux(packet)


def _write_animation(
    path: Path, frames: list[np.ndarray], times: Sequence[int] | None, time_base: Fraction, loops: int
) -> None:
    """GIF (time in steps of 10 ms), PNG and WebP (lossless) by Pillow, which makes frames that are equal one."""
    times = times or range(len(frames) + 1)
    unit_ms = 10 if path.suffix == ".gif" else 1
    whole = [round(time * time_base * 1000 / unit_ms) * unit_ms for time in times]
    lasting = [end - start for start, end in pairwise(whole)]
    form = {".gif": "GIF", ".webp": "WEBP"}.get(path.suffix, "PNG")
    pictures = [Image.fromarray(frame) for frame in frames]
    if form == "GIF":
        # Much quicker than Pillow's own way, which keeps the alpha.
        quick = Image.Quantize.FASTOCTREE
        pictures = [
            picture.quantize(256, quick) if picture.mode == "RGB" else picture for picture in pictures
        ]
    first, *others = pictures
    # Without disposal (2), what is transparent in a GIF's frame would show the frame before.
    kinds: dict[str, dict[str, Any]] = {"WEBP": {"lossless": True}, "GIF": {"disposal": 2}}
    options = kinds.get(form, {})
    first.save(path, form, save_all=True, append_images=others, duration=lasting, loop=loops, **options)
