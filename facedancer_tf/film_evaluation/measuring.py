"""Measures every frame of a swapped film against its target; one number for each frame and value is kept."""

from array import array
from collections.abc import Iterable

import numpy as np

from facedancer_tf.evaluation.expression import expression_distance, shape_distance
from facedancer_tf.evaluation.judges import cosines
from facedancer_tf.evaluation.meter import Meter
from facedancer_tf.evaluation.pose import pose_distance
from facedancer_tf.film_evaluation.openness import eyes_open, mouth_open
from facedancer_tf.film_evaluation.pairing import FramePair
from facedancer_tf.film_evaluation.person import SAME_PERSON, UNCHANGED_LEVELS, Follower, change_levels
from facedancer_tf.film_evaluation.sightings import Reading, Sighting, sightings
from facedancer_tf.film_evaluation.steadiness import Steadiness

BOX = ("face_left", "face_top", "face_width", "face_height")  # the target face's box, in px
Values = dict[str, np.ndarray]  # each float [frames], NaN where a frame has no such value


def measure_films(pairs: Iterable[FramePair], source: np.ndarray, person: np.ndarray, meter: Meter) -> Values:
    """Measures all pairs of frames. `source`, `person`: embeddings [128] of the source and of the target's person.

    Values of a frame: frame and time_s; where the target shows the person, also those of BOX, `frame_values` and
    `Steadiness.measure`, and switched, as `is_switch` has it. All others are NaN.
    """
    columns: dict[str, array[float]] = {}
    steadiness, last = Steadiness(), None
    for count, seen in enumerate(sightings(pairs, meter, Follower(person, meter.judge))):
        if isinstance(seen, FramePair):
            row, last = {"frame": seen.number, "time_s": float(seen.time)}, None
        else:
            row = {
                "frame": seen.pair.number,
                "time_s": float(seen.pair.time),
                **dict(zip(BOX, seen.face.box, strict=True)),
                **frame_values(seen, source, person, meter),
                "switched": is_switch(last, seen, meter),
                **steadiness.measure(seen),
            }
            last = seen
        for name in row:
            columns.setdefault(name, array("d", [np.nan] * count))
        for name, column in columns.items():
            column.append(row.get(name, np.nan))
    return {name: np.array(column) for name, column in columns.items()}


def frame_values(seen: Sighting, source: np.ndarray, person: np.ndarray, meter: Meter) -> dict[str, float]:
    """The values of one frame that shows the person.

    to_source, to_person: dlib's distances of the swapped face to the source and to the target's person.
    cosine_to_source. to_target: distance to the target's face in the same frame. change: mean change of the face in
    levels. lost: 1 where the swapped frame is missing or shows no face there, else 0. dropped: 1 where it is lost,
    nearer to the target's person than to the source, or unchanged, else 0. pose, expression, shape: as in evaluate.py.
    yaw, pitch, roll, eyes, mouth of target and swapped face: angles in degrees, and how far these are open.
    """
    target, swapped = seen.target, seen.swapped

    def distance(other: np.ndarray) -> float:
        return float(meter.judge.compare(swapped.embedding[None], other[None])[0, 0])

    to_source, to_person = distance(source), distance(person)
    change = (
        np.nan if seen.pair.swapped is None else change_levels(seen.pair.target, seen.pair.swapped, seen.face)
    )
    lost = not swapped.has_face
    return {
        "to_source": to_source,
        "to_person": to_person,
        "to_target": distance(target.embedding),
        "cosine_to_source": float(cosines(swapped.embedding[None], source[None])[0, 0]),
        "change": change,
        "lost": lost,
        "dropped": lost or to_person < to_source or change < UNCHANGED_LEVELS,
        "pose": pose_distance(target.angles[None], swapped.angles[None])[0],
        "expression": expression_distance(target.expression[None], swapped.expression[None])[0],
        "shape": shape_distance(target.landmarks[None], swapped.landmarks[None])[0],
        **_motion("target", target),
        **_motion("swapped", swapped),
    }


def is_switch(before: Sighting | None, now: Sighting, meter: Meter) -> float:
    """Whether the swapped face has become another person's since the frame before, and the target's has not.

    1 or 0; NaN where one of the faces is not there.
    """
    if before is None or not all(
        reading.has_face for seen in (before, now) for reading in (seen.target, seen.swapped)
    ):
        return float("nan")
    target, swapped = (
        meter.judge.compare(one[None], other[None])[0, 0]
        for one, other in (
            (before.target.embedding, now.target.embedding),
            (before.swapped.embedding, now.swapped.embedding),
        )
    )
    return float(swapped >= SAME_PERSON > target)


def _motion(film: str, reading: Reading) -> dict[str, float]:
    opening = {"eyes": eyes_open(reading.landmarks), "mouth": mouth_open(reading.landmarks)}
    angles = dict(zip(("yaw", "pitch", "roll"), reading.angles, strict=True))
    return {f"{film}_{name}": value for name, value in (angles | opening).items()}
