"""Encodes GIF and animated WebP from lossless segments, frame by frame: exact times, transparency, number of loops.

These formats say nothing of rotation, so the frames themselves are turned upright.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
from av.filter import Graph
from PIL import Image

from facedancer_tf.film_writing.encoding import Encoding
from facedancer_tf.film_writing.pieces import read_pieces
from facedancer_tf.film_writing.xmp_packets import add_xmp_to_gif
from facedancer_tf.films.film import FilmFacts
from facedancer_tf.films.rotation import upright

_HUNDREDTH, _MILLISECOND = Fraction(1, 100), Fraction(1, 1000)
# Every frame gets the 256 colours that fit it best; an ordered pattern between them stands still in time.
_PALETTE = (
    ("palettegen", "stats_mode=single:reserve_transparent=1"),
    ("paletteuse", "new=1:dither=bayer:bayer_scale=4:alpha_threshold=128"),
)


def write_animation(
    path: Path, facts: FilmFacts, encoding: Encoding, segments: Sequence[Path], xmp: bytes
) -> None:
    """Writes the frames of `segments` to `path`, as GIF or WebP, with the XMP packet `xmp` if it is not empty.

    The first frame begins at 0. Raises OSError where the disk refuses.
    """
    if encoding.suffix == ".gif":
        _write_gif(path, facts, segments)
        if xmp:
            add_xmp_to_gif(path, xmp)
    else:
        _write_webp(path, facts, encoding, segments, xmp)


def _times(segments: Sequence[Path], facts: FilmFacts, unit: Fraction) -> list[int]:
    """When each frame begins and the last one ends, counted from the first, in whole `unit`s of a second."""
    packets = [(packet.pts, packet.duration) for packet in read_pieces(segments, facts)]
    moments = [pts for pts, _ in packets] + [sum(packets[-1])]
    return [round((moment - moments[0]) * facts.time_base / unit) for moment in moments]


def _frames(segments: Sequence[Path], rotation: int) -> Iterator[av.VideoFrame]:
    """The frames in `LOSSLESS_WITH_ALPHA`, upright."""
    for path in segments:
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                yield _turned(frame, rotation) if rotation else frame


def _turned(frame: av.VideoFrame, rotation: int) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(upright(frame.to_ndarray(), rotation), frame.format.name)


def _write_gif(path: Path, facts: FilmFacts, segments: Sequence[Path]) -> None:
    times = _times(segments, facts, _HUNDREDTH)
    plays = facts.loops or 0
    options = {
        "loop": str({0: 0, 1: -1}.get(plays, plays - 1)),
        "final_delay": str(max(1, times[-1] - times[-2])),
    }
    with av.open(str(path), "w", format="gif", container_options=options) as container:
        stream = container.add_stream("gif", rate=100)
        turned = facts.rotation in (90, 270)
        stream.width, stream.height = (facts.height, facts.width) if turned else (facts.width, facts.height)
        stream.pix_fmt = "pal8"
        stream.time_base = stream.codec_context.time_base = _HUNDREDTH
        for number, frame in enumerate(_frames(segments, facts.rotation)):
            if number + 1 == len(times) - 1 or times[number + 1] > times[number]:  # no time to be seen
                indexed = _with_palette(frame)
                indexed.pts, indexed.time_base = times[number], _HUNDREDTH
                container.mux(stream.encode(indexed))
        container.mux(stream.encode(None))


def _with_palette(frame: av.VideoFrame) -> av.VideoFrame:
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=_HUNDREDTH
    )
    split, sink = graph.add("split"), graph.add("buffersink")
    make, use = (graph.add(name, arguments) for name, arguments in _PALETTE)
    source.link_to(split)
    split.link_to(make, 0)
    split.link_to(use, 1, 0)
    make.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    graph.push(frame)
    graph.push(None)
    return graph.vpull()


def _write_webp(
    path: Path, facts: FilmFacts, encoding: Encoding, segments: Sequence[Path], xmp: bytes
) -> None:
    times = _times(segments, facts, _MILLISECOND)
    durations = [end - begin for begin, end in pairwise(times)]
    pictures = (_picture(frame) for frame in _frames(segments, facts.rotation))
    next(pictures).save(
        path,
        "WEBP",
        save_all=True,
        append_images=pictures,
        duration=durations,
        loop=facts.loops or 0,
        quality=encoding.quality,
        method=2,
        xmp=xmp,
    )


def _picture(frame: av.VideoFrame) -> Image.Image:
    return Image.fromarray(frame.to_ndarray(format="rgba"))
