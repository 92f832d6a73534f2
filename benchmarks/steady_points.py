"""How still the aligned crop stands when a face moves: the detector's five points, the mesh's, and both smoothed.

    python -m benchmarks.steady_points [--frames 60] [--face 180]

Every bundled photograph is moved, turned and enlarged a little by a known sub-pixel motion, at a face of `--face`
pixels, with noise of 2 grey levels and JPEG of quality 75, at 30 frames/s. The transform to the 256 px crop is compared
with the true one. What is shown are standard deviations, a mean over the photographs: how far the crop's middle and
its corners are from their mean place on the face, in pixels of the crop; how far the crop is turned and too large; and
how the corners tremble from frame to frame (second differences, so that a still crop with white noise would tremble as
much as it is off). Times are processor time per face in ms.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from data.faces.alignment import estimate_transform, invert_transform
from data.faces.detection import build_detector
from data.faces.face import Face
from data.pictures import read_picture
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.evaluation.jpeg import through_jpeg
from facedancer_tf.quiet_start import load_tensorflow_quietly

FRAMES_PER_S = 30
CANVAS_PX = (640, 480)
CROP_PX = 256
PLACES = np.array([[128.0, 128.0], [0, 0], [256, 0], [0, 256], [256, 256]])


def motion(frames: int, seed: int) -> np.ndarray:
    """Transforms [n, 2, 3] about the canvas' middle: some 20 px of drift, 4 degrees of roll and 4 % of size."""
    phases = np.random.default_rng(seed).uniform(0, 2 * np.pi, 4)
    t = np.arange(frames) / FRAMES_PER_S
    x, y = 20 * np.sin(2 * np.pi * 0.5 * t + phases[0]), 12 * np.sin(2 * np.pi * 0.37 * t + phases[1])
    roll = np.radians(4) * np.sin(2 * np.pi * 0.43 * t + phases[2])
    size = 1 + 0.04 * np.sin(2 * np.pi * 0.31 * t + phases[3])
    middle = np.array(CANVAS_PX) / 2
    a, b = size * np.cos(roll), size * np.sin(roll)
    linear = np.stack([np.stack([a, -b], -1), np.stack([b, a], -1)], 1)
    shift = middle - linear @ middle + np.stack([x, y], -1)
    return np.concatenate([linear, shift[..., None]], axis=2)


def compose(after: np.ndarray, before: np.ndarray) -> np.ndarray:
    return np.hstack([after[:, :2] @ before[:, :2], (after[:, :2] @ before[:, 2] + after[:, 2])[:, None]])


def clip_of(rgb: np.ndarray, face: Face, arguments: argparse.Namespace, seed: int) -> tuple:
    """The frames of a moved photograph, and the transforms [2, 3] from the photograph to each of them."""
    scale = arguments.face / np.sqrt(face.area)
    still = np.hstack(
        [np.eye(2) * scale, (np.array(CANVAS_PX) / 2 - scale * face.landmarks.mean(axis=0))[:, None]]
    )
    random = np.random.default_rng(seed)
    factor = min(1.0, 1.5 * scale)  # shrunk by area first: sampling would alias
    small = cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    shrunk = np.array([small.shape[1] / rgb.shape[1], small.shape[0] / rgb.shape[0]])
    to_photograph = np.hstack([np.diag(1 / shrunk), (0.5 / shrunk - 0.5)[:, None]])
    frames, transforms = [], []
    for moved in motion(arguments.frames, seed):
        transform = compose(moved, still)
        frame = cv2.warpAffine(small, compose(transform, to_photograph), CANVAS_PX, flags=cv2.INTER_CUBIC)
        noisy = np.clip(frame + random.normal(0, 2, frame.shape), 0, 255).astype(np.uint8)
        frames.append(through_jpeg(noisy))
        transforms.append(transform)
    return frames, transforms


def jitter(points: np.ndarray, transforms: list[np.ndarray]) -> np.ndarray:
    """How the crop by `points` [n, 5, 2] moves on the face: middle, corners, trembling (px), roll (degrees), size (%).

    Each is a standard deviation over the frames; of places, the root of the mean of x's and y's squares.
    """
    on_face = [
        compose(estimate_transform(five, CROP_PX), transform)
        for five, transform in zip(points, transforms, strict=True)
    ]
    back = invert_transform(np.mean(on_face, axis=0))
    apart = np.array([compose(transform, back) for transform in on_face])
    places = np.einsum("nij,pj->npi", apart[:, :, :2], PLACES) + apart[:, None, :, 2]
    spread = np.sqrt(places.var(axis=0).mean(axis=1))
    roll = np.degrees(np.arctan2(apart[:, 1, 0], apart[:, 0, 0])).std()
    size = 100 * np.hypot(apart[:, 1, 0], apart[:, 0, 0]).std()
    trembling = np.sqrt(np.diff(places[:, 1:], 2, axis=0).var(axis=0).mean() / 6)
    return np.array([spread[0], spread[1:].mean(), trembling, roll, size])


def timed(read: Callable, frames: list[np.ndarray], start: np.ndarray) -> tuple[np.ndarray, float]:
    """The five points of every frame, each read from those of the one before, and processor time per frame in ms."""
    answers, began = [], time.process_time()
    for frame in frames:
        start = read(frame, start)
        answers.append(start)
    return np.stack(answers), 1000 * (time.process_time() - began) / len(frames)


class Followed:
    """Reads a face from where it is expected after the frames before, as swap_video.py does."""

    def __init__(self, mesh: Any) -> None:
        self.mesh = mesh
        self.points: np.ndarray | None = None
        self.before: np.ndarray | None = None

    def read(self, frame: np.ndarray, start: np.ndarray) -> np.ndarray:
        """The five landmarks [5, 2]; `start` counts where it is a detector's, in a clip's first frame."""
        from facedancer_tf.video.face_mesh import expected, five_points

        last, place = self.points, start
        if last is not None and np.array_equal(start, five_points(last)):
            place = expected(last, self.before)
            self.before = last
        else:
            self.before = None
        points = self.mesh.read(frame, place)[0]
        self.points = points
        return five_points(points)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=60, help="frames per photograph")
    parser.add_argument("--face", type=float, default=180, help="side of the face's box in pixels")
    arguments = parser.parse_args()
    load_tensorflow_quietly()
    from facedancer_tf.video.face_mesh import FaceMesh, five_points
    from facedancer_tf.video.smoothing import smooth

    detector, mesh = build_detector(), FaceMesh()
    readers: dict[str, Callable] = {
        "YuNet, quick": lambda frame, start: detector.detect(frame, "quick")[0].landmarks,
        "mesh": lambda frame, start: five_points(mesh.read(frame, start)[0]),
        "mesh, followed": Followed(mesh).read,
    }
    times = np.arange(arguments.frames) / FRAMES_PER_S
    rows: dict[str, list] = {}
    for seed, path in enumerate(bundled_pictures()):
        rgb = read_picture(path).rgb
        frames, transforms = clip_of(rgb, detector.detect(rgb)[0], arguments, seed)
        for name, read in readers.items():
            start = detector.detect(frames[0])[0].landmarks
            points, ms = timed(read, frames, start)
            rows.setdefault(name, []).append([*jitter(points, transforms), ms])
            rows.setdefault(f"{name}, smoothed", []).append([*jitter(smooth(points, times), transforms), ms])
    print("| points | middle, px | corners, px | trembling, px | roll, degrees | size, % | ms |")
    print("|---|---|---|---|---|---|---|")
    for name, values in rows.items():
        *still, ms = np.mean(values, axis=0)
        print(f"| {name} | {' | '.join(f'{value:.2f}' for value in still)} | {ms:.1f} |")


if __name__ == "__main__":
    main()
