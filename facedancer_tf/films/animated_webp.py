"""Reads animated WebP by Pillow: FFmpeg's decoder knows only pictures of that kind that stand still."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from facedancer_tf.errors import UserError

TIME_BASE = Fraction(1, 1000)  # WebP counts in milliseconds


def is_webp(path: Path) -> bool:
    """Whether a file begins as WebP does, whatever it is called; False where it cannot be read."""
    try:
        with path.open("rb") as file:
            start = file.read(12)
    except OSError:
        return False
    return start[:4] == b"RIFF" and start[8:] == b"WEBP"


@contextmanager
def open_webp(path: Path) -> Iterator[Image.Image]:
    """Opens an animated WebP for this block; raises UserError for a picture that stands still and a damaged one."""
    try:
        with Image.open(path, formats=("WEBP",)) as image:
            if not getattr(image, "is_animated", False):
                raise UserError(f"{path}: is a picture, not a film", "unreadable")
            yield image
    except Image.DecompressionBombError as error:
        raise UserError(f"{path}: its frames have more pixels than any film's", "unreadable") from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise UserError(f"{path}: is damaged, or is no WebP", "unreadable") from error


def durations_ms(path: Path) -> list[int]:
    """How long each frame lasts, at least one millisecond; read from the chunks' heads, nothing is decoded."""
    durations = []
    with path.open("rb") as file:
        file.seek(12)
        while len(head := file.read(8)) == 8:
            name, size = head[:4], int.from_bytes(head[4:], "little")
            end = file.tell() + size + size % 2
            if name == b"ANMF":
                durations.append(max(1, int.from_bytes(file.read(16)[12:15], "little")))
            file.seek(end)
    return durations


def decode_webp(path: Path) -> Generator[av.VideoFrame, None, None]:
    """The frames in RGBA, with their times and durations; where the file is damaged, a UserError after those before."""
    pts = 0
    with open_webp(path) as image:
        for number, duration in enumerate(durations_ms(path)):
            image.seek(number)
            frame = av.VideoFrame.from_ndarray(np.asarray(image.convert("RGBA")), "rgba")
            frame.pts, frame.duration, frame.time_base = pts, duration, TIME_BASE
            pts += duration
            yield frame
