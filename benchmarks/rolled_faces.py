"""How straight faces come out of turned pictures, without and with the detector's second look.

    python -m benchmarks.rolled_faces [FOLDER] [--count 200] [--step 15] [--swaps]

Every picture of FOLDER (the bundled photographs by default; at most `--count`, evenly chosen) is turned in its plane in
steps over the full circle, on a larger black canvas, and its largest face is found. The error is the angle between the
aligned crop and the true one. What is true is read by face-api's landmarks in the picture as it is, which take no part
in detection. `--swaps` also swaps every bundled photograph into every turned other one and prints the cosine to the
source, measured where the face truly is. Times are processor time of one thread.
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import permutations
from pathlib import Path

import cv2
import numpy as np

from data.faces import search
from data.faces.alignment import estimate_transform
from data.faces.detection import build_detector
from data.faces.face import Face
from data.folders import list_pictures
from data.pictures import read_picture
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.judging.face_readings import five_of, read_faces
from facedancer_tf.quiet_start import load_tensorflow_quietly
from facedancer_tf.swapping.swapper import Swapper

SWAP_ROLLS = (0, 20, 45, 90, 135, 180)
LOOKS = ("first look", "second look")
detector = build_detector()


@contextmanager
def looking(look: str) -> Iterator[None]:
    """Within this block, detectors leave out the second look or not."""
    second = search.look_again
    if look == "first look":
        search.look_again = lambda picture, face, detect_at: face
    try:
        yield
    finally:
        search.look_again = second


def turn(picture: np.ndarray, roll: float) -> tuple[np.ndarray, np.ndarray]:
    """The picture turned clockwise by `roll` degrees on a canvas that holds all of it, and the transform [2, 3]."""
    height, width = picture.shape[:2]
    angle = np.radians(roll)
    linear = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    wide, high = np.ceil(np.abs(linear) @ [width, height]).astype(int)
    shift = np.array([wide - 1, high - 1]) / 2 - linear @ [(width - 1) / 2, (height - 1) / 2]
    transform = np.hstack([linear, shift[:, None]])
    return cv2.warpAffine(picture, transform, (int(wide), int(high))), transform


def moved(points: np.ndarray, transform: np.ndarray) -> np.ndarray:
    return points @ transform[:, :2].T + transform[:, 2]


def roll_of(landmarks: np.ndarray) -> float:
    """The roll in degrees that alignment by these landmarks would take away."""
    (cosine, _, _), (sine, _, _) = estimate_transform(landmarks, 112)
    return -float(np.degrees(np.arctan2(sine, cosine)))


def face_at(faces: list[Face], landmarks: np.ndarray) -> Face | None:
    """The largest of `faces` that lies where the true landmarks are."""
    middle, eyes_apart = landmarks.mean(axis=0), np.linalg.norm(landmarks[1] - landmarks[0])
    near = (f for f in faces if np.linalg.norm(f.landmarks.mean(axis=0) - middle) < 1.5 * eyes_apart)
    return next(near, None)


def true_landmarks(picture: np.ndarray) -> np.ndarray | None:
    """The five points that face-api's landmarks give for the picture as it is, or None where no face is found."""
    faces = detector.detect(picture)
    return five_of(read_faces([picture], faces[:1]).landmarks[0]) if faces else None


def measure_rolls(paths: list[Path], step: int) -> None:
    """Prints for both looks how many faces were found and how straight, and the time of a detection.

    Errors are in degrees: mean, 95th percentile and share beyond 10. "points" is the landmarks' mean distance from the
    true ones, in distances of the eyes.
    """
    rows: dict[str, list[tuple[float, float, float, float]]] = {look: [] for look in LOOKS}
    for path in paths:
        picture = read_picture(path).rgb
        points = true_landmarks(picture)
        if points is None:
            continue
        for roll in range(-180, 180, step):
            turned, transform = turn(picture, roll)
            goals = moved(points, transform)
            eyes_apart = np.linalg.norm(goals[1] - goals[0])
            for look in LOOKS:
                with looking(look):
                    began = time.process_time()
                    faces = detector.detect(turned)
                    took_ms = 1e3 * (time.process_time() - began)
                error = apart = np.nan
                if face := face_at(faces, goals):
                    error = abs((roll_of(face.landmarks) - roll_of(goals) + 180) % 360 - 180)
                    apart = float(np.linalg.norm(face.landmarks - goals, axis=1).mean() / eyes_apart)
                rows[look].append((roll, error, apart, took_ms))
    heads = ("found", "mean", "95 %", "> 10", "points", "ms", "upright")
    print(f"{len(rows[LOOKS[0]])} turned pictures".ljust(24) + "".join(f"{head:>9}" for head in heads))
    for look in LOOKS:
        rolls, errors, aparts, times_ms = np.array(rows[look]).T
        found = errors[~np.isnan(errors)]
        print(
            f"{look:<24}{len(found) / len(errors):>9.1%}{found.mean():>9.1f}{np.percentile(found, 95):>9.1f}"
            f"{np.mean(found > 10):>9.1%}{np.nanmean(aparts):>9.3f}{times_ms.mean():>9.1f}"
            f"{times_ms[rolls == 0].mean():>9.1f}"
        )


def measure_swaps() -> None:
    """Prints the mean cosine to the source by roll, and the time of detecting and swapping: of all, of upright ones."""
    pictures = [read_picture(path).rgb for path in bundled_pictures()]
    swapper = Swapper()
    identities = [swapper.embed(picture) for picture in pictures]
    faces = [swapper.detect(picture)[0] for picture in pictures]
    swapper.swap_faces(pictures[0], faces[:1], identities[1])  # the first swap takes longer
    rows: dict[str, list[tuple[float, float, float]]] = {look: [] for look in LOOKS}
    for roll in SWAP_ROLLS:
        for source, target in permutations(range(len(pictures)), 2):
            turned, transform = turn(pictures[target], roll)
            place = Face(faces[target].box, moved(faces[target].landmarks, transform), 1.0)
            for look in LOOKS:
                began = time.process_time()
                with looking(look):
                    face = face_at(swapper.detect(turned), place.landmarks)
                swapped = swapper.swap_faces(turned, [face] if face else [], identities[source])
                took_ms = 1e3 * (time.process_time() - began)
                cosine = float(swapper.similarity(identities[source], swapped, [place])[0])
                rows[look].append((roll, cosine, took_ms))
    print(
        "cosine to the source".ljust(24)
        + "".join(f"{roll:>8}°" for roll in SWAP_ROLLS)
        + f"{'ms':>9}{'upright':>9}"
    )
    for look in LOOKS:
        rolls, cosines, times_ms = np.array(rows[look]).T
        means = "".join(f"{cosines[rolls == roll].mean():>9.2f}" for roll in SWAP_ROLLS)
        print(f"{look:<24}{means}{times_ms.mean():>9.1f}{times_ms[rolls == 0].mean():>9.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "folder", nargs="?", type=Path, help="pictures of one face each (default: the bundled ones)"
    )
    parser.add_argument("--count", type=int, default=200, help="pictures at most (default 200)")
    parser.add_argument("--step", type=int, default=15, help="degrees between two turns (default 15)")
    parser.add_argument("--swaps", action="store_true", help="also swap the bundled photographs, turned")
    options = parser.parse_args()
    load_tensorflow_quietly()
    cv2.setNumThreads(1)
    paths = bundled_pictures()
    if options.folder:
        listed = [Path(item.where) for item in list_pictures([options.folder], lambda error: None)]
        paths = listed[:: max(1, len(listed) // options.count)][: options.count]
    measure_rolls(paths, options.step)
    if options.swaps:
        measure_swaps()


if __name__ == "__main__":
    main()
