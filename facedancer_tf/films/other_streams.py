"""Copies a film's sound, subtitles and attachments packet by packet; sound that a file cannot hold is encoded anew."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
from av.stream import Disposition

from facedancer_tf.films.film_tags import copy_stream_tags
from facedancer_tf.films.section import Section

_SOUND = {"webm": ("libopus", 48000, 128_000), "": ("aac", None, 192_000)}  # encoder, its rate, bits a second
_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000)  # of AAC


class OtherStreams:
    """The streams of `source` but `film`, added to `result`; `notes` say what was left out or changed."""

    def __init__(
        self,
        source: av.container.InputContainer,
        film: av.VideoStream,
        result: av.container.OutputContainer,
        section: Section,
    ) -> None:
        self.notes: list[str] = []
        self._source, self._result, self._section = source, result, section
        self._copies: dict[int, av.stream.Stream] = {}
        self._sounds: dict[int, _Sound] = {}
        for stream in source.streams:
            if stream.index != film.index:
                self._add(stream)

    def packets(self) -> Iterator[Any]:
        """Their packets within the section, ready to be muxed, in the order of the source."""
        streams = [self._source.streams[index] for index in (*self._copies, *self._sounds)]
        if not streams:
            return
        for packet in self._source.demux(streams):
            index = packet.stream_index
            if index in self._sounds:
                yield from self._sounds[index].encode(packet)
            elif packet.size and not _is_pause(packet) and self._place(packet):
                packet.stream = self._copies[index]
                yield packet
        for sound in self._sounds.values():
            yield from sound.finish()

    def _place(self, packet: Any) -> bool:
        """Moves the packet's times into the result; returns whether the packet is in the section."""
        moment = packet.pts if packet.pts is not None else packet.dts
        if moment is None:
            return False
        begin = moment * packet.time_base
        end = begin + (packet.duration or 1) * packet.time_base
        if not self._section.holds(begin, end):
            return False
        shift = self._section.shift(packet.time_base)
        packet.pts = moment - shift
        packet.dts = packet.pts if packet.dts is None else packet.dts - shift
        if packet.stream.type == "subtitle" and packet.pts < 0:  # it was on already when the section begins
            packet.duration, packet.pts = max(1, packet.duration + packet.pts), 0
            packet.dts = 0
        return True

    def _add(self, stream: Any) -> None:
        codec = stream.codec_context.name if stream.codec_context else stream.type
        if stream.type in ("audio", "subtitle") and self._holds(stream):
            self._copies[stream.index] = self._named(self._result.add_stream_from_template(stream), stream)
        elif stream.type == "audio":
            self._encode(stream, codec)
        elif stream.type == "attachment" and self._result.format.name == "matroska":
            self._result.add_stream_from_template(stream)
        elif not (stream.type == "data" and self._source.chapters()):  # QuickTime's own form of chapters
            kind = (
                "cover picture" if stream.disposition & Disposition.attached_pic else f"{stream.type} stream"
            )
            self._left_out(f"{kind} ({codec})")

    def _holds(self, stream: av.stream.Stream) -> bool:
        return stream.codec_context is not None and _codec(stream) in self._result.supported_codecs

    def _encode(self, stream: av.AudioStream, codec: str) -> None:
        if stream.codec_context is None:
            self._left_out("sound of an unknown kind")
            return
        encoder, rate, bits = _SOUND.get(self._result.format.name, _SOUND[""])
        rate = rate or min(_RATES, key=lambda known: abs(known - stream.rate))
        sound: Any = self._result.add_stream(encoder, rate=rate, layout=stream.layout.name, bit_rate=bits)
        self._sounds[stream.index] = _Sound(stream, self._named(sound, stream), self._section)
        self.notes.append(
            f"the sound ({codec}) is encoded anew ({sound.codec_context.name}): {self._suffix()} does not hold it"
        )

    def _named(self, copy: av.stream.Stream, stream: av.stream.Stream) -> Any:
        copy_stream_tags(stream, copy)
        return copy

    def _left_out(self, what: str) -> None:
        self.notes.append(f"a {what} is left out: it cannot be copied into {self._suffix()}")

    def _suffix(self) -> str:
        return {"matroska": "MKV", "webm": "WebM", "mp4": "MP4", "mov": "MOV"}[self._result.format.name]


class _Sound:
    """A sound that is decoded and encoded anew."""

    def __init__(self, source: av.AudioStream, result: av.AudioStream, section: Section) -> None:
        self._source, self._result, self._section = source, result, section
        self._resampler: av.AudioResampler | None = None

    def encode(self, packet: Any) -> Iterator[av.Packet]:
        for frame in packet.decode():
            begin = frame.pts * frame.time_base
            if self._section.holds(begin, begin + Fraction(frame.samples, frame.sample_rate)):
                frame.pts -= self._section.shift(frame.time_base)
                yield from self._encoded(frame)

    def finish(self) -> Iterator[av.Packet]:
        yield from self._encoded(None)
        yield from self._result.encode(None)

    def _encoded(self, frame: av.AudioFrame | None) -> Iterator[av.Packet]:
        if self._resampler is None:
            context = self._result.codec_context
            context.open()
            self._resampler = av.AudioResampler(
                context.format, context.layout, context.sample_rate, context.frame_size or None
            )
        for part in self._resampler.resample(frame):
            yield from self._result.encode(part)


def _is_pause(packet: av.Packet) -> bool:
    """Whether nothing is shown: MP4 fills the time between subtitles with empty ones, and does so again."""
    return packet.stream.type == "subtitle" and bytes(packet) == b"\0\0"


def _codec(stream: av.stream.Stream) -> str:
    return stream.codec_context.codec.canonical_name
