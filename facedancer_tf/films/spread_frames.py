"""Takes some frames from all over a film, without decoding what lies between them where that can be avoided."""

from collections.abc import Iterator
from itertools import islice

import av

from facedancer_tf.films.film import FilmFacts, read_frames
from facedancer_tf.films.frame_picture import FramePicture
from facedancer_tf.films.opening import open_film

_NEAR = 240  # frames of a film's beginning that are decoded where it has few keyframes


def spread_frames(facts: FilmFacts, most: int) -> Iterator[FramePicture]:
    """Up to `most` frames: keyframes spread evenly over the film, or, where there are too few, frames of its beginning.

    A frame that cannot be decoded is left out.
    """
    pictures = [] if facts.is_animation else _keyframes(facts, most)
    if len(pictures) < most // 2:
        count = min(_NEAR, facts.frames or _NEAR)
        near = islice(read_frames(facts), 0, count, max(1, count // most))
        pictures = [frame.picture for frame in islice(near, most)]
    yield from pictures


def _keyframes(facts: FilmFacts, most: int) -> list[FramePicture]:
    found: dict[int | None, FramePicture] = {}
    with open_film(facts.path) as (container, stream):
        start, length = container.start_time or 0, container.duration or 0
        for number in range(most):
            try:
                container.seek(start + length * number // most)
                frame = next(container.decode(stream), None)
            except (OSError, av.error.FFmpegError):
                continue
            if frame is not None:
                found.setdefault(frame.pts, FramePicture(frame))
    return list(found.values())
