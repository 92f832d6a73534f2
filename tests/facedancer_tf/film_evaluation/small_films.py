"""Small films of bundled photographs for the tests, measured as frames in memory, without files."""

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from benchmarks.clips import NAMES, Actor, Clip, face_of, photograph
from data.faces.detection import build_detector
from facedancer_tf.evaluation.judges import DlibJudge
from facedancer_tf.evaluation.meter import Meter
from facedancer_tf.film_evaluation.measuring import Values, measure_films
from facedancer_tf.film_evaluation.pairing import FramePair, Times
from facedancer_tf.film_evaluation.summary import summarise

SOURCE, TARGET, OTHER = NAMES[0], NAMES[3], NAMES[2]
METER = Meter(DlibJudge(), build_detector("yunet"))
RATE = 24


def film(count: int, name: str = TARGET) -> Clip:
    """A person who tilts the head quickly and walks a little, 256 × 224 px."""
    time = np.arange(count) / RATE
    path = np.stack(
        [
            128 + 10 * np.sin(5 * time),
            118 + 4 * np.sin(7 * time),
            np.full(count, 110.0),
            12 * np.sin(8 * time),
        ],
        axis=1,
    )
    return Clip(256, 224, count, (Actor(name, path),))


def with_face_of(clip: Clip, name: str) -> Clip:
    """The clip with another person's face in the place of its last actor's: a perfect swap."""
    return replace(clip, actors=(*clip.actors[:-1], replace(clip.actors[-1], name=name)))


def embedding_of(name: str) -> np.ndarray:
    """The judge's embedding [128] of a bundled photograph."""
    return METER.judge.embed([photograph(name)], [face_of(name)])[0]


def pairs_of(target: Iterable[np.ndarray], swapped: Iterable[np.ndarray | None]) -> list[FramePair]:
    """The frames of two films side by side."""
    both = enumerate(zip(target, swapped, strict=True))
    return [FramePair(number, Fraction(number, RATE), *pictures) for number, pictures in both]


def measured(
    target: Iterable[np.ndarray], swapped: Iterable[np.ndarray | None]
) -> tuple[dict[str, float], Values]:
    """The numbers (NaN for None) and values of a swap of SOURCE into TARGET."""
    pairs = pairs_of(target, swapped)
    values = measure_films(pairs, embedding_of(SOURCE), embedding_of(TARGET), METER)
    times = Times(len(pairs), len(pairs), len(pairs), len(pairs))
    numbers = summarise(values, times, None)
    return {key: np.nan if number is None else number for key, number in numbers.items()}, values
