"""Copies a film's sound, subtitles and attachments packet by packet; sound that a file cannot hold is encoded anew."""

import io
from collections.abc import Iterator
from typing import Any

import av
from av.stream import Disposition

from facedancer_tf.film_writing.film_tags import copy_stream_tags
from facedancer_tf.film_writing.section import Section
from facedancer_tf.film_writing.sound import Sound


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
        self._sounds: dict[int, Sound] = {}
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
            if sound.is_damaged:
                self.notes.append("a part of the sound is damaged and left out")

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
        codec = _codec(stream) if stream.codec_context else stream.type
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

    def _holds(self, stream: Any) -> bool:
        """Whether the format takes the stream as it is; tried out in memory, because it promises more than it holds."""
        if stream.codec_context is None or _codec(stream) not in self._result.supported_codecs:
            return False
        if (
            _codec(stream).startswith("pcm_") and self._result.format.name == "mp4"
        ):  # hardly any player knows it there
            return False
        trial = av.open(io.BytesIO(), "w", format=self._result.format.name)
        try:
            trial.add_stream_from_template(stream)
            trial.start_encoding()
        except (ValueError, OSError, av.FFmpegError):
            return False
        trial.close()
        return True

    def _encode(self, stream: Any, codec: str) -> None:
        if stream.codec_context is None:
            self._left_out("sound of an unknown kind")
            return
        sound = Sound(stream, self._result, self._section)
        self._named(sound.stream, stream)
        self._sounds[stream.index] = sound
        self.notes.append(
            f"the sound ({codec}) is encoded anew ({sound.codec}): {self._suffix()} does not hold it"
        )

    def _named(self, copy: av.stream.Stream, stream: av.stream.Stream) -> Any:
        copy_stream_tags(stream, copy)
        return copy

    def _left_out(self, what: str) -> None:
        self.notes.append(f"a {what} is left out: it cannot be copied into {self._suffix()}")

    def _suffix(self) -> str:
        return {"matroska": "MKV", "webm": "WebM", "mp4": "MP4", "mov": "MOV"}[self._result.format.name]


def _is_pause(packet: av.Packet) -> bool:
    """Whether nothing is shown: MP4 fills the time between subtitles with empty ones, and does so again."""
    return packet.stream.type == "subtitle" and bytes(packet) == b"\0\0"


def _codec(stream: av.stream.Stream) -> str:
    return stream.codec_context.codec.canonical_name
