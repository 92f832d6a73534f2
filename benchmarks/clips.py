"""Makes films for tests and measurements from the bundled photographs: faces on known paths, no footage of anybody.

A `Clip` draws its frames one by one, uint8 RGB [height, width, 3], and knows where every face truly is. The functions
below make clips by what happens in them; `benchmarks.clip_files` writes them as films. A face is a photograph's head,
cut out by a soft oval and moved by similarities, sub-pixel exact, over a painted background. A path is float64
[frames, 4]: x and y of the landmarks' middle and height of the face, in px, and roll in degrees, clockwise; NaN where
the face is away.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np

from data.faces.detection import build_detector
from data.faces.face import Face
from data.pictures import read_picture
from facedancer_tf.bundled_pictures import bundled_pictures

NAMES = ("barack_obama", "eileen_collins", "emmanuel_macron", "grace_hopper", "jacinda_ardern")
HEAD = (0.72, 1.0)  # the cut-out oval's half axes, in heights of the face
POSTER = (0.8, 0.95)  # the same of a framed picture
SKIN = (205, 150, 120)


@dataclass(frozen=True)
class Actor:
    """A photograph's face on a path; `mirrored` turns it around, `framed` hangs it up as a picture on the wall."""

    name: str
    path: np.ndarray
    mirrored: bool = False
    framed: bool = False


@dataclass(frozen=True)
class Clip:
    """Actors before a background, later ones in front of earlier ones.

    `hand` float64 [frames, 3] is a drawn hand's x, y and height in px, before all faces; NaN where it is away. At the
    frames in `cuts` the background changes. `noise` is a sensor's, in levels (standard deviation).
    """

    width: int
    height: int
    count: int
    actors: tuple[Actor, ...]
    hand: np.ndarray | None = None
    cuts: tuple[int, ...] = ()
    noise: float = 0.0

    def frames(self) -> Iterator[np.ndarray]:
        """All frames in order, each drawn when it is asked for."""
        return (self.frame(number) for number in range(self.count))

    def frame(self, number: int) -> np.ndarray:
        """The frame of this number, uint8 RGB [height, width, 3]; the same at every call."""
        canvas = background(self.width, self.height, sum(cut <= number for cut in self.cuts)).copy()
        for actor in self.actors:
            if not np.isnan(actor.path[number]).any():
                _draw_actor(canvas, actor, number)
        if self.hand is not None and not np.isnan(self.hand[number]).any():
            _draw_hand(canvas, *self.hand[number])
        if self.noise:
            random = np.random.default_rng(number)
            grain = random.standard_normal(canvas.shape, np.float32) * self.noise
            canvas = np.clip(np.rint(canvas + grain), 0, 255).astype(np.uint8)
        return canvas

    def transforms(self, actor: int) -> np.ndarray:
        """The similarities float64 [frames, 2, 3] from the actor's photograph to each frame; NaN where away."""
        person = self.actors[actor]
        return np.stack([similarity(person, number) for number in range(self.count)])

    def landmarks(self) -> np.ndarray:
        """Where the faces truly are, float32 [actors, frames, 5, 2], NaN where away; covered faces are there."""
        found = []
        for index, actor in enumerate(self.actors):
            matrices = self.transforms(index)
            points = face_of(actor.name, actor.mirrored).landmarks
            found.append(np.einsum("nij,pj->npi", matrices[:, :, :2], points) + matrices[:, None, :, 2])
        return np.stack(found).astype(np.float32)


def one_face(width: int = 640, height: int = 360, count: int = 48, name: str = NAMES[3]) -> Clip:
    """One face that drifts, nods and comes closer, slowly and smoothly."""
    return Clip(width, height, count, (Actor(name, wander(width, height, count)),))


def faces(number: int, width: int = 640, height: int = 360, count: int = 48) -> Clip:
    """One to three faces side by side, each on its own path."""
    actors = []
    for index in range(number):
        path = wander(width / number, height, count, phase=index)
        path[:, 0] += width * index / number
        actors.append(Actor(NAMES[(3 + index) % len(NAMES)], path))
    return Clip(width, height, count, tuple(actors))


def hand_passes(width: int = 640, height: int = 360, count: int = 48) -> Clip:
    """One face before which a hand passes in the middle third of the clip."""
    clip = one_face(width, height, count)
    time = np.linspace(-1, 2, count)  # 0 to 1 while the hand is there
    x = np.where((time >= 0) & (time <= 1), (0.2 + 0.6 * time) * width, np.nan)
    return replace(
        clip, hand=np.stack([x, np.full(count, 0.6 * height), np.full(count, 0.5 * height)], axis=1)
    )


def crossing(width: int = 640, height: int = 360, count: int = 60) -> Clip:
    """Two people who change places; the second passes in front of the first, and hides the face for some frames."""
    first, second = wander(width, height, count), wander(width, height, count, phase=1)
    first[:, 0] = np.linspace(0.2, 0.8, count) * width
    second[:, 0] = np.linspace(0.8, 0.2, count) * width
    return Clip(width, height, count, (Actor(NAMES[0], first), Actor(NAMES[4], second)))


def comes_back(width: int = 640, height: int = 360, count: int = 60) -> Clip:
    """A face that walks out at the right in the first third, and comes back in the last, where another one stays."""
    clip = faces(2, width, height, count)
    here, gone = clip.actors
    third, path = count // 3, gone.path.copy()
    path[:third, 0] += np.linspace(0, 1, third) ** 2 * 0.6 * width
    path[third : count - third] = np.nan
    path[count - third :, 0] += np.linspace(1, 0, third) ** 2 * 0.6 * width
    return replace(clip, actors=(here, replace(gone, path=path)))


def with_cut(width: int = 640, height: int = 360, count: int = 48) -> Clip:
    """A cut in the middle: another place, and another person where the first one was."""
    half, path = count // 2, wander(width, height, count)
    before, after = path.copy(), path.copy()
    before[half:], after[:half] = np.nan, np.nan
    return Clip(width, height, count, (Actor(NAMES[3], before), Actor(NAMES[2], after)), cuts=(half,))


def with_poster(width: int = 640, height: int = 360, count: int = 48, shown: int | None = None) -> Clip:
    """A moving face, and behind it a small picture of another one that hangs still, for `shown` frames (all)."""
    wall = np.tile([0.86 * width, 0.3 * height, 0.2 * height, 0.0], (count, 1))
    wall[count if shown is None else shown :] = np.nan
    clip = one_face(width, height, count)
    return replace(clip, actors=(Actor(NAMES[2], wall, framed=True), *clip.actors))


def wander(width: float, height: float, count: int, phase: float = 0.0) -> np.ndarray:
    """A smooth path of a face in the middle of `width` × `height`: some px a second, ±6°, ±8 % of size, at 24/s."""
    time = np.arange(count) / 24 + 1.7 * phase
    size = min(0.5 * height, 0.6 * width)
    x = width / 2 + 0.08 * width * np.sin(1.1 * time) + 0.01 * width * np.sin(4.3 * time)
    y = 0.52 * height + 0.04 * height * np.sin(1.7 * time + 1)
    return np.stack([x, y, size * (1 + 0.08 * np.sin(0.9 * time)), 6 * np.sin(1.3 * time + phase)], axis=1)


@lru_cache(maxsize=16)
def photograph(name: str, mirrored: bool = False) -> np.ndarray:
    """The bundled photograph of this name, uint8 RGB [H, W, 3]."""
    rgb = read_picture(next(path for path in bundled_pictures() if path.stem == name)).rgb
    return np.ascontiguousarray(rgb[:, ::-1]) if mirrored else rgb


@lru_cache(maxsize=16)
def face_of(name: str, mirrored: bool = False) -> Face:
    """The photograph's face; the mirrored one is the same turned around, not detected anew."""
    face = build_detector("yunet").detect(photograph(name))[0]
    if not mirrored:
        return face
    last, (x, y, width, height) = photograph(name).shape[1] - 1, face.box
    points = np.stack([last - face.landmarks[:, 0], face.landmarks[:, 1]], axis=1)[[1, 0, 2, 4, 3]]
    return Face((last - x - width, y, width, height), points, face.score)


def similarity(actor: Actor, number: int) -> np.ndarray:
    """The transform float64 [2, 3] from the actor's photograph to the frame of this number."""
    x, y, size, roll = actor.path[number]
    face = face_of(actor.name, actor.mirrored)
    scale, angle = size / face.box[3], np.radians(roll)
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = face.landmarks.mean(axis=0)
    return np.hstack([linear, (np.array([x, y]) - linear @ middle)[:, None]])


@lru_cache(maxsize=8)
def background(width: int, height: int, seed: int) -> np.ndarray:
    """A painted background of large soft colours and finer spots, uint8 RGB [height, width, 3]."""
    random, canvas = np.random.default_rng(seed), np.full((height, width, 3), 120, np.float32)
    for cells, levels in ((4, 45), (14, 18), (60, 7)):
        noise = random.uniform(-levels, levels, (cells, cells * 16 // 9, 3)).astype(np.float32)
        canvas += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(canvas, 0, 255).astype(np.uint8)


@lru_cache(maxsize=32)
def _cut_out(name: str, mirrored: bool, framed: bool, shrink: float) -> np.ndarray:
    """A photograph with its cut-out's alpha, float32 [H, W, 4], smoothed for being drawn `shrink` times smaller."""
    rgb, face = photograph(name, mirrored), face_of(name, mirrored)
    rows, columns = np.mgrid[: rgb.shape[0], : rgb.shape[1]]
    x, y = face.landmarks.mean(axis=0)
    wide, high = np.array(POSTER if framed else HEAD) * face.box[3]
    across, down = np.abs(columns - x) / wide, np.abs(rows - y + 0.1 * face.box[3]) / high
    reach = np.maximum(across, down) if framed else np.hypot(across, down)
    alpha = np.clip((1 - reach) / (0.01 if framed else 0.08), 0, 1)
    # The photograph's own border is an edge as well.
    inside = np.minimum.reduce([columns, rows, rgb.shape[1] - 1 - columns, rgb.shape[0] - 1 - rows])
    alpha *= np.clip(inside / (0.02 * face.box[3]), 0, 1)
    layers = np.dstack([rgb.astype(np.float32), alpha.astype(np.float32)])
    if framed:
        layers[reach > 0.92, :3] = 240
    sigma = 0.5 * np.sqrt(max(shrink**2 - 1, 0))
    return cv2.GaussianBlur(layers, (0, 0), sigma) if sigma > 0.1 else layers


def _draw_actor(canvas: np.ndarray, actor: Actor, number: int) -> None:
    face = face_of(actor.name, actor.mirrored)
    shrink = round(
        float(face.box[3] / np.nanmean(actor.path[:, 2])), 2
    )  # one for the whole path: nothing pops
    layers = _cut_out(actor.name, actor.mirrored, actor.framed, shrink)
    x, y, size, _ = actor.path[number]
    left, top = max(0, int(x - 1.3 * size)), max(0, int(y - 1.3 * size))
    right = min(canvas.shape[1], int(x + 1.3 * size) + 1)
    bottom = min(canvas.shape[0], int(y + 1.3 * size) + 1)
    if left >= right or top >= bottom:
        return
    matrix = similarity(actor, number) - [[0, 0, left], [0, 0, top]]
    drawn = cv2.warpAffine(layers, matrix, (right - left, bottom - top), flags=cv2.INTER_CUBIC)
    alpha = np.clip(drawn[..., 3:], 0, 1)
    region = canvas[top:bottom, left:right]
    region[:] = np.rint(np.clip(region + alpha * (drawn[..., :3] - region), 0, 255)).astype(np.uint8)


def _draw_hand(canvas: np.ndarray, x: float, y: float, size: float) -> None:
    """A palm with five fingers, pointing up, of one skin colour with a darker rim."""

    def at(across: float, up: float) -> tuple[int, int]:
        return round(16 * (x + across * size)), round(16 * (y - up * size))  # in sixteenths of a pixel

    fingers = ((-0.19, 0.42), (-0.07, 0.5), (0.06, 0.48), (0.17, 0.38))
    for colour, grow in (((150, 100, 80), 0.025), (SKIN, 0.0)):
        axes = round(16 * (0.21 + grow / 2) * size), round(16 * (0.27 + grow / 2) * size)
        cv2.ellipse(canvas, at(0, -0.15), axes, 0, 0, 360, colour, -1, cv2.LINE_AA, 4)
        thick = max(1, round((0.1 + grow) * size))
        for across, up in fingers:
            cv2.line(canvas, at(across * 0.8, 0), at(across, up), colour, thick, cv2.LINE_AA, 4)
        cv2.line(canvas, at(0.13, -0.2), at(0.34, 0.08), colour, thick, cv2.LINE_AA, 4)
