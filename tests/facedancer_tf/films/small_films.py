"""Small films for tests, with everything that a film can lose, and what is compared of them."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, islice
from pathlib import Path

import av
import numpy as np

from benchmarks.clip_files import write_clip
from facedancer_tf.films.assembly import assemble
from facedancer_tf.films.encoding import Encoding
from facedancer_tf.films.film import FilmFacts, read_facts, read_frames
from facedancer_tf.films.segments import write_segment

WIDTH, HEIGHT = 96, 64
STEPS = (1001, 1001, 3003, 500)  # how long frames last in turn: a variable rate


def moving_pictures(count: int, width: int = WIDTH, height: int = HEIGHT) -> list[np.ndarray]:
    """Soft coloured shapes that move to the left, uint8 RGB [height, width, 3]."""
    across, down = np.meshgrid(np.arange(width + 4 * count), np.arange(height))
    wide = np.stack(
        [127 + 90 * np.sin(across / a + down / b) for a, b in ((9, 13), (15, 7), (21, 29))], axis=-1
    )
    return [np.ascontiguousarray(wide[:, 3 * i : 3 * i + width]).astype(np.uint8) for i in range(count)]


def rich_film(path: Path, count: int = 24, **changes: object) -> FilmFacts:
    """Writes a film of a variable rate with sound, subtitles, chapters, rotation, colour tags and metadata."""
    times = [0, *accumulate(STEPS[i % len(STEPS)] for i in range(count))]
    settings: dict = {
        "rate": Fraction(30000, 1001), "times": times, "time_base": Fraction(1, 30000), "colours": "bt709",
        "rotation": 90, "aspect": Fraction(4, 3), "audio": True, "subtitles": True, "chapters": True, "language": "fra",
        "metadata": {"title": "A title", "location": "+48.8577+002.2950/", "comment": "mine"},
    }  # fmt: skip
    write_clip(path, moving_pictures(count), **(settings | changes))
    return read_facts(path)


def write_segments(
    folder: Path,
    facts: FilmFacts,
    encoding: Encoding,
    lengths: Sequence[int] = (10, 13, 1),
    first_pts: int | None = None,
    end_pts: int | None = None,
) -> list[Path]:
    """Encodes the film anew in segments of `lengths` frames."""
    frames, paths = read_frames(facts, first_pts, end_pts), []
    for number, length in enumerate(lengths):
        paths.append(folder / f"{number}{encoding.suffix}.mp4")
        assert write_segment(paths[-1], facts, encoding, islice(frames, length)) == length
    return paths


def rewrite(folder: Path, facts: FilmFacts, encoding: Encoding, **options: object) -> tuple[Path, list[str]]:
    """Encodes the film anew in segments and puts them together; returns the file and the notes."""
    path = folder / f"result{encoding.suffix}"
    return path, assemble(path, facts, encoding, write_segments(folder, facts, encoding), **options)  # type: ignore


def packets(path: Path, kind: str) -> list[tuple[Fraction, bytes]]:
    """When each packet of the first stream of a kind is shown or heard, in seconds, and its content."""
    with av.open(str(path)) as container:
        stream = next(stream for stream in container.streams if stream.type == kind)
        return [
            (packet.pts * packet.time_base, bytes(packet))
            for packet in container.demux(stream)
            if packet.size and packet.pts is not None
        ]


def times(path: Path) -> list[Fraction]:
    """When each frame is shown, in seconds."""
    facts = read_facts(path)
    return [frame.pts * facts.time_base for frame in read_frames(facts)]


def pixels(path: Path, form: str = "rgb24") -> np.ndarray:
    """All frames as one array."""
    return np.stack([frame.picture.frame.to_ndarray(format=form) for frame in read_frames(read_facts(path))])
