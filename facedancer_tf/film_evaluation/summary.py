"""Sums a film's values up: the numbers of results.json and of the terminal, each with what it means."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from facedancer_tf.errors import UserError
from facedancer_tf.evaluation.metrics import DOWN, NEITHER, UP
from facedancer_tf.film_evaluation.lag import lag_frames
from facedancer_tf.film_evaluation.measuring import Values
from facedancer_tf.film_evaluation.pairing import Times

Numbers = dict[str, float | None]
WORST = 0.05  # the share of frames that "worst 5 %" means
RANDOM = np.sqrt(12)  # second difference of points that move at random by 1 px in x and in y


@dataclass(frozen=True)
class Measure:
    """One number of a film. title: its name in the table. meaning: one clause."""

    title: str
    better: str
    decimals: int
    meaning: str


MEASURES: Mapping[str, Mapping[str, Measure]] = {
    "Identity (dlib)": {
        "to_source": Measure("distance to source", DOWN, 3, "mean; below 0.6 dlib sees one person"),
        "to_source_std": Measure("  its spread", DOWN, 3, "standard deviation over frames"),
        "to_source_worst": Measure("  its worst 5 %", DOWN, 3, "mean of the frames farthest from it"),
        "cosine_to_source": Measure("cosine to source", UP, 4, "mean"),
        "to_person": Measure("distance to target", UP, 3, "mean, to the target's person"),
        "to_target": Measure("change of identity", NEITHER, 3, "mean distance to the target's face of the same frame"),
        "dropped": Measure("dropped frames %", DOWN, 1, "lost, unchanged, or nearer to target than to source"),
        "lost": Measure("  lost %", DOWN, 1, "no frame, or no face in the target face's place"),
        "switches": Measure("identity switches", DOWN, 0, "frames that show another person than the one before"),
    },
    "Pose and expression": {
        "pose": Measure("pose °", DOWN, 2, "mean length of the change of yaw, pitch and roll"),
        "pose_lag": Measure("  its lag, frames", NEITHER, 1, "how much later the swapped head turns"),
        "expression": Measure("expression", DOWN, 3, "mean euclidean distance of 7 expression probabilities"),
        "shape": Measure("eyes, mouth", DOWN, 4, "landmarks of eyes and mouth, in distances between the eyes"),
        "expression_lag": Measure("  their lag, frames", NEITHER, 1, "how much later eyes and mouth open and close"),
    },
    "Steadiness": {
        "jitter_ratio": Measure("landmark jitter, ratio", DOWN, 2, "second differences in time, swapped over target"),
        "jitter_added_px": Measure("added jitter, px", DOWN, 2, "as if all points moved at random by so much"),
        "warping": Measure("excess warping, 1e-3", DOWN, 2, "error along the target's flow, beyond its own"),
        "flicker": Measure("flicker, levels", DOWN, 2, "second difference of mean levels, swapped - target"),
    },
    "Film": {
        "equal_times": Measure("times kept %", UP, 1, "frames that are shown at the same time"),
        "equal_durations": Measure("durations kept %", UP, 1, "frames that are shown as long"),
        "equal_sound": Measure("sound kept %", UP, 1, "packets of sound with the same bytes and time"),
        "frames": Measure("frames", NEITHER, 0, "of the target"),
        "with_person": Measure("  with the person", NEITHER, 0, "whose target shows the person that is measured"),
    },
}  # fmt: skip


def summarise(values: Values, times: Times, sound: float | None) -> Numbers:
    """The numbers of MEASURES, None where there is nothing to measure; UserError where no frame has the person."""
    if "to_source" not in values:
        raise UserError("the target film shows the person in none of its frames", "no_face")
    shown = ~np.isnan(values["dropped"])
    return {
        **{
            name: _mean(values[name])
            for name in (
                "to_source", "cosine_to_source", "to_person", "to_target", "pose", "expression", "shape", "warping",
                "flicker",
            )
        },
        "to_source_std": None if _mean(values["to_source"]) is None else float(np.nanstd(values["to_source"])),
        "to_source_worst": _worst(values["to_source"]),
        "dropped": 100 * float(values["dropped"][shown].mean()),
        "lost": 100 * float(values["lost"][shown].mean()),
        "switches": float(np.nansum(values["switched"])),
        "pose_lag": _lag(values, "yaw", "pitch", "roll"),
        "expression_lag": _lag(values, "eyes", "mouth"),
        "jitter_ratio": _ratio(values["jitter_swapped_px"], values["jitter_target_px"]),
        "jitter_added_px": _random_motion(values["jitter_added_px"]),
        "equal_times": 100 * times.equal_times / times.frames,
        "equal_durations": 100 * times.equal_durations / times.frames,
        "equal_sound": None if sound is None else 100 * sound,
        "frames": float(times.target_frames),
        "with_person": float(shown.sum()),
    }  # fmt: skip


def _mean(values: np.ndarray) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None


def _worst(distances: np.ndarray) -> float | None:
    known = np.sort(distances[~np.isnan(distances)])
    return float(known[-max(1, round(WORST * len(known))) :].mean()) if len(known) else None


def _lag(values: Values, *names: str) -> float | None:
    target, swapped = (
        np.stack([values[f"{film}_{name}"] for name in names], axis=1) for film in ("target", "swapped")
    )
    return lag_frames(target, swapped)


def _ratio(swapped: np.ndarray, target: np.ndarray) -> float | None:
    both = ~np.isnan(swapped + target)
    ours, theirs = target[both].sum(), swapped[both].sum()
    if ours == theirs:
        return 1.0 if both.any() else None
    return float(theirs / ours) if ours > 0 else None


def _random_motion(second_differences: np.ndarray) -> float | None:
    mean_square = _mean(second_differences**2)
    return None if mean_square is None else float(np.sqrt(mean_square) / RANDOM)
