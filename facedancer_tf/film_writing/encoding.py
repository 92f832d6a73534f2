"""Chooses how a film is encoded: by the suffix of its file, by what the film is, and by what the user asks for."""

import os
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import av
import cv2

from facedancer_tf.errors import UserError
from facedancer_tf.films.colours import FULL_RANGE
from facedancer_tf.films.film import FilmFacts
from facedancer_tf.films.layout import holds_alpha, layout_of


class _Codec(NamedTuple):
    encoder: str  # FFmpeg's name
    quality: int  # the default
    worst: int  # quality runs from 0, the best, to this
    options: tuple[tuple[str, str], ...]  # "{quality}" stands for the number


_NVENC = (("preset", "p4"), ("rc", "constqp"), ("qp", "{quality}"))
# Presets that keep pace with the swap; open groups of pictures are ruled out, since segments are joined.
_CODECS = {
    # 15-20 ms of one core a frame of 1080p, against 33 with "veryfast", for 1.4 times the bytes.
    "h264": _Codec(
        "libx264", 18, 51,
        (("preset", "superfast"), ("crf", "{quality}"), ("x264-params", "mbtree=1:rc-lookahead=10")),
    ),
    "h265": _Codec(
        "libx265", 20, 51,
        (("preset", "ultrafast"), ("crf", "{quality}"), ("x265-params", "open-gop=0:log-level=error")),
    ),
    "vp9": _Codec(
        "libvpx-vp9", 24, 63,
        (("deadline", "realtime"), ("cpu-used", "7"), ("row-mt", "1"), ("crf", "{quality}"), ("b", "0")),
    ),
    "av1": _Codec("libsvtav1", 28, 63, (("preset", "10"), ("crf", "{quality}"))),
    "h264_nvenc": _Codec("h264_nvenc", 20, 51, _NVENC),
    "h265_nvenc": _Codec("hevc_nvenc", 22, 51, _NVENC),
    "ffv1": _Codec("ffv1", 0, 0, ()),
}  # fmt: skip
# What each kind of file holds; the first is the default.
CODECS = {
    ".mp4": ("h264", "h265", "av1", "vp9", "h264_nvenc", "h265_nvenc"),
    ".mov": ("h264", "h265", "h264_nvenc", "h265_nvenc"),
    ".mkv": ("h264", "h265", "av1", "vp9", "ffv1", "h264_nvenc", "h265_nvenc"),
    ".webm": ("vp9", "av1"),
    ".gif": (),
    ".webp": (),
}
ANIMATIONS = tuple(suffix for suffix, codecs in CODECS.items() if not codecs)
LOSSLESS_WITH_ALPHA = "bgra"  # the segments of an animation, which is encoded when all of them are there
WEBP_QUALITY = 90
MOST_THREADS = 16
# With AVX-512, x264 (core 165) does not always give the same packets for the same small frames, so a film that goes on
# after a kill could differ. Without it, 80 of 80 runs were equal, and no slower.
_AVX512, _WITHOUT_AVX512 = 256, ":asm=AVX2,FMA3,BMI2"  # OpenCV's number of the processor's feature
BT709, LIMITED_RANGE, RGB_MATRIX = 1, 1, 0  # FFmpeg's numbers


@dataclass(frozen=True)
class Encoding:
    """All that decides how frames are encoded.

    suffix: of the whole film's file. codec: FFmpeg's name of the encoder. quality: the encoder's own number; for WebP 0
    to 100, the best. pixel_format: what frames are turned into. colours: primaries, transfer, matrix and range, by
    FFmpeg's numbers. threads: their number is part of it, because it may change the result.
    """

    suffix: str
    codec: str
    quality: int
    pixel_format: str
    options: tuple[tuple[str, str], ...]
    colours: tuple[int, int, int, int]
    threads: int

    @property
    def is_animation(self) -> bool:
        """Whether segments are lossless, and the film's own format is encoded from them at the end."""
        return self.suffix in ANIMATIONS


def choose_encoding(
    facts: FilmFacts, suffix: str, codec: str | None = None, quality: int | None = None
) -> tuple[Encoding, list[str]]:
    """Chooses the encoding of a film for a file that ends in `suffix`; returns it with notes about what cannot be kept.

    codec: one of `CODECS[suffix]`, by default the first. quality: the codec's own number, by default a good one. Raises
    UserError where the kind of file is not known, does not hold the codec, or the codec has no such quality.
    """
    suffix = suffix.lower()
    if suffix not in CODECS:
        raise UserError(f"a film's name must end in one of {', '.join(CODECS)}, not {suffix!r}")
    if suffix in ANIMATIONS:
        return _animation(facts, suffix, codec, quality)
    name = CODECS[suffix][0] if codec is None else codec.lower()
    if name not in CODECS[suffix]:
        raise UserError(f"{suffix} is written with the codec {', '.join(CODECS[suffix])}, not {codec!r}")
    kind = _CODECS[name]
    chosen = kind.quality if quality is None else quality
    if not 0 <= chosen <= kind.worst:
        raise UserError(f"the quality of {name} is a number from 0 (best) to {kind.worst}, not {chosen}")
    options = {key: value.format(quality=chosen) for key, value in kind.options}
    if kind.encoder == "libx264" and cv2.checkHardwareSupport(_AVX512):
        options["x264-params"] += _WITHOUT_AVX512
    pixel_format, notes = _pixel_format(facts, kind.encoder, name)
    colours = _colours(facts)
    threads = min(os.cpu_count() or 1, MOST_THREADS)
    if "nvenc" in name:
        _try_out(name, kind.encoder)
    return Encoding(
        suffix, kind.encoder, chosen, pixel_format, tuple(options.items()), colours, threads
    ), notes


def _try_out(name: str, encoder: str) -> None:
    """Raises UserError where the graphics card that the encoder needs is not there."""
    context: Any = av.CodecContext.create(encoder, "w")
    context.width, context.height, context.pix_fmt, context.time_base = 256, 256, "yuv420p", Fraction(1, 25)
    try:
        context.open()
    except (OSError, av.FFmpegError) as error:
        raise UserError(
            f"the codec {name} needs an NVIDIA graphics card with an encoder and its driver; take another codec"
        ) from error


def _animation(
    facts: FilmFacts, suffix: str, codec: str | None, quality: int | None
) -> tuple[Encoding, list[str]]:
    if codec is not None:
        raise UserError(f"{suffix} has one codec only; leave out {codec!r}")
    if suffix == ".gif" and quality is not None:
        raise UserError("GIF has no quality to choose: it holds 256 colours a frame")
    chosen = WEBP_QUALITY if quality is None else quality
    if not 0 <= chosen <= 100:
        raise UserError(f"the quality of WebP is a number from 0 to 100 (best), not {chosen}")
    colours = (BT709, BT709, RGB_MATRIX, FULL_RANGE)
    notes = ["GIF holds 256 colours a frame, and times in hundredths of a second"] if suffix == ".gif" else []
    if facts.has_alpha and not holds_alpha(facts.pixel_format):
        notes.append(f"the transparency of {facts.codec} cannot be read, it is left out")
    return Encoding(suffix, "ffv1", chosen, LOSSLESS_WITH_ALPHA, (), colours, 1), notes


def _pixel_format(facts: FilmFacts, encoder: str, name: str) -> tuple[str, list[str]]:
    """The format nearest to the film's own among those of the encoder."""
    held = {kind.name for kind in av.codec.Codec(encoder, "w").video_formats or ()}
    notes = (
        [f"{name} holds no transparency: where the film has any, it is left out"] if facts.has_alpha else []
    )
    own = facts.pixel_format.replace("yuvj", "yuv").replace("yuva", "yuv")
    chroma = next((kind for kind in ("444", "422") if f"yuv{kind}" in own), "420")
    depth = "10le" if facts.bits > 8 else ""
    odd = (chroma != "444" and facts.width % 2) or (chroma == "420" and facts.height % 2)
    if odd and encoder in ("libx264", "libx265"):
        chroma = "444"
        notes.append(
            f"a film of {facts.width} x {facts.height} px, odd numbers, is written by {name} with full colour (4:4:4), "
            "which some players do not show"
        )
    wishes = [f"yuv{kind}p{bits}" for bits in (depth, "") for kind in (chroma, "420")]
    wishes += ["p010le"] if depth else []  # nvenc's name for 10 bits
    chosen = next((wish for wish in wishes if wish in held), "yuv420p")
    if facts.bits > 8 and not chosen.endswith("10le"):
        notes.append(f"{name} holds 8 bits a colour here, not the film's {facts.bits}")
    elif facts.bits > 10:
        notes.append(f"{name} holds 10 bits a colour here, not the film's {facts.bits}")
    if chroma != "420" and chroma not in chosen:
        notes.append(f"{name} holds colour at half the resolution here (4:2:0), not the film's {chroma}")
    return chosen, notes


def _colours(facts: FilmFacts) -> tuple[int, int, int, int]:
    """The film's own colour tags; those of BT.709 where RGB becomes YUV."""
    kind = layout_of(facts.pixel_format).kind
    if kind == "rgb":
        return (BT709, BT709, BT709, LIMITED_RANGE)
    colour_range = facts.colour_range
    if kind == "gray" and colour_range != LIMITED_RANGE:
        colour_range = FULL_RANGE
    return (facts.colour_primaries, facts.colour_transfer, facts.colour_space, colour_range)
