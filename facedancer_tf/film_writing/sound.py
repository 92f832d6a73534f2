"""Encodes a film's sound anew, for files that do not hold it as it is: AAC, or Opus in WebM."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av

from facedancer_tf.film_writing.section import Section

_RATES = {
    "aac": (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000),
    "libopus": (48000,),
}
_BITS_A_CHANNEL = 96_000  # a second
_LAYOUTS = {1: "mono", 2: "stereo", 4: "quad", 5: "5.0", 6: "5.1", 8: "7.1"}  # the usual ones, by channels


class Sound:
    """A sound of the source, and its `stream` in the result. `is_damaged`: whether some of it cannot be decoded."""

    def __init__(self, source: Any, result: av.container.OutputContainer, section: Section) -> None:
        self.codec = "libopus" if result.format.name == "webm" else "aac"
        self.is_damaged = False
        self._section = section
        self.stream: Any = result.add_stream(
            self.codec,
            rate=min(_RATES[self.codec], key=lambda rate: abs(rate - source.rate)),
            layout=_layout(self.codec, source.layout),
            bit_rate=_BITS_A_CHANNEL * source.layout.nb_channels,
        )
        context: Any = self.stream.codec_context
        context.open()
        self._resampler = av.AudioResampler(
            context.format, context.layout, context.sample_rate, context.frame_size or None
        )

    def encode(self, packet: Any) -> Iterator[av.Packet]:
        """What becomes of a packet of the source, moved as the section is."""
        try:
            frames = packet.decode()
        except av.InvalidDataError:
            self.is_damaged, frames = True, []
        for frame in frames:
            begin = frame.pts * frame.time_base
            if self._section.holds(begin, begin + Fraction(frame.samples, frame.sample_rate)):
                frame.pts -= self._section.shift(frame.time_base)
                yield from self._encoded(frame)

    def finish(self) -> Iterator[av.Packet]:
        """What is left when the source has ended."""
        yield from self._encoded(None)
        yield from self.stream.encode(None)

    def _encoded(self, frame: av.AudioFrame | None) -> Iterator[av.Packet]:
        for part in self._resampler.resample(frame):
            yield from self.stream.encode(part)


def _layout(codec: str, layout: av.AudioLayout) -> str:
    """The layout of loudspeakers nearest to the source's that the encoder takes; stereo if it takes nothing like it."""
    for wish in (layout.name, _LAYOUTS.get(layout.nb_channels, "stereo")):
        context: Any = av.CodecContext.create(codec, "w")
        try:
            context.sample_rate, context.layout, context.format = 48000, wish, context.codec.audio_formats[0]
            context.open()
        except (ValueError, OSError, av.FFmpegError):
            continue
        return wish
    return "stereo"
