"""Looks through test clips of the bundled photographs, small ones, with the real detector, mesh and encoder."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import cache

import av
import numpy as np
import pytest

from benchmarks.clips import Clip
from data.faces.detection import build_detector
from facedancer_tf.films.film import FilmFacts, FilmFrame
from facedancer_tf.films.frame_picture import FramePicture
from facedancer_tf.video.face_mesh import FaceMesh
from facedancer_tf.video.first_pass import look
from facedancer_tf.video.tracks import People
from facedancer_tf.weights.identity_encoder import load_encoder

RATE = 24
LookAt = Callable[..., People]


class Facts:
    """Those facts of a film that the first pass reads."""

    def __init__(self, width: int, height: int, rotation: int) -> None:
        self.width, self.height, self.rotation = width, height, rotation
        self.time_base, self.frame_rate = Fraction(1, RATE), Fraction(RATE)


def as_film(frames: Iterable[np.ndarray]) -> Iterable[FilmFrame]:
    """The frames uint8 RGB [H, W, 3] of a film, in the planes of most films."""
    for number, rgb in enumerate(frames):
        picture = FramePicture(av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format="yuv420p"))
        yield FilmFrame(number, number, 1, picture)


@pytest.fixture(scope="session")
def look_at() -> LookAt:
    """A function that looks through frames, or a clip, which may be stored turned by a rotation."""
    instruments = build_detector(), FaceMesh(), load_encoder("sface")

    def look_at(clip: Clip | list[np.ndarray], rotation: int = 0) -> People:
        frames = list(clip.frames()) if isinstance(clip, Clip) else clip
        stored = [np.ascontiguousarray(np.rot90(rgb, -rotation // 90)) for rgb in frames]
        height, width = stored[0].shape[:2]
        facts: FilmFacts = Facts(width, height, rotation)  # type: ignore[assignment]
        return look(facts, as_film(stored), *instruments)

    return look_at


@pytest.fixture(scope="session")
def people_of_clip(look_at: LookAt) -> LookAt:
    """As `look_at` for a function that makes a clip, once for all tests."""
    return cache(lambda make: look_at(make()))
