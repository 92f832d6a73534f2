"""Hands before a face: every skin tone, many poses, with nails and creases, from any side, some with a sleeve."""

import numpy as np

from data.occluders.layer import Layer
from data.occluders.shapes import curve, limb, line, oval, polygon, rotation
from data.occluders.textures import any_colour, noise, pattern

_SKINS = np.array(
    [
        [252, 224, 206],
        [240, 200, 172],
        [224, 176, 142],
        [198, 146, 108],
        [160, 110, 76],
        [118, 78, 54],
        [80, 52, 38],
        [48, 32, 26],
    ],
    np.float64,
)
# The hand's own coordinates: the wrist at 0, the fingers up (y negative), the palm's length 1.
_PALM = np.array(
    [[-0.33, 0.1], [-0.46, -0.5], [-0.42, -0.95], [0.0, -1.06], [0.42, -0.92], [0.44, -0.4], [0.3, 0.1]]
)
_ANGLES, _LENGTHS = (
    (-0.3, -0.1, 0.1, 0.32),
    (0.8, 1.0, 1.08, 0.92),
)  # of four fingers, in rad from straight up
_STRAIGHT = {"flat": 4, "spread": 4, "cupped": 0, "fist": 0, "pointing": 1, "two": 2}  # how many are not bent


def skin_colour(random: np.random.Generator) -> np.ndarray:
    """A skin tone [3] from very light to very dark, each as often."""
    place = random.uniform(0, len(_SKINS) - 1)
    low = int(place)
    tone = _SKINS[low] + (place - low) * (_SKINS[low + 1] - _SKINS[low])
    return np.clip(tone * random.normal(1.0, 0.05) * random.normal(1.0, 0.02, 3), 0, 255)


def draw_hand(random: np.random.Generator) -> Layer:
    """A hand that reaches into the crop from any side but straight above, with its forearm or sleeve."""
    return _Hand(random).draw()


class _Hand:
    """One hand: where it lies, how it looks, and its parts, painted from the arm to the thumb."""

    def __init__(self, random: np.random.Generator) -> None:
        self.random, self.layer = random, Layer(random)
        self.scale = random.uniform(0.2, 0.36)  # the palm's length
        middle = random.uniform([0.25, 0.35], [0.75, 0.95])
        turn = random.choice([-1, 1]) * random.uniform(0.15, 2.2)
        mirrored = np.diag([random.choice([-1.0, 1.0]), 1.0])
        self.matrix = rotation(turn) @ mirrored * self.scale
        self.wrist = middle - self.matrix @ [0.0, -1.3]
        tone = skin_colour(random)
        self.skin = (tone * (1.0 + 0.05 * noise(random, 10, 2)[..., None])).astype(np.float32)
        self.thick = random.uniform(0.1, 0.135)
        natural = np.clip(tone * 0.8 + [62, 42, 40], 0, 255)
        self.nails = any_colour(random) if random.random() < 0.2 else natural
        self.from_behind = random.random() < 0.65  # nails show

    def place(self, points: np.ndarray | list) -> np.ndarray:
        """Turns points from the hand's own coordinates into those of the crop."""
        return self.wrist + np.asarray(points) @ self.matrix.T

    def draw(self) -> Layer:
        random = self.random
        self._arm()
        palm = self.place(_PALM)
        shape = limb(palm, np.full(len(palm), 0.06 * self.scale)) | polygon(palm)
        self.layer.paint_round(shape, self.skin, 0.35 * self.scale)
        pose = str(random.choice(list(_STRAIGHT)))
        fan = random.uniform(1.4, 2.2) if pose == "spread" else random.uniform(0.35, 1.0)
        for finger in random.permutation(4):
            bent = finger >= _STRAIGHT[pose]
            length = (
                _LENGTHS[finger] * random.uniform(0.92, 1.05) * (random.uniform(0.4, 0.6) if bent else 1.0)
            )
            root = np.array([(finger - 1.5) * 0.26, -0.98 if finger in (1, 2) else -0.9])
            self._finger(root, _ANGLES[finger] * fan + random.normal(0, 0.06), length, self.thick)
        if pose != "fist" or random.random() < 0.5:
            root = np.array([-0.36, -0.35])
            self._finger(root, random.uniform(-1.1, -0.35), random.uniform(0.65, 0.85), self.thick * 1.15)
        return self.layer

    def _arm(self) -> None:
        """The forearm from the wrist outwards, and perhaps a sleeve over it."""

        def part(begins: float, near: float, far: float) -> np.ndarray:
            points = self.place(np.stack([np.zeros(8), np.linspace(begins, 6.0, 8)], 1))
            return limb(points, self.scale * np.linspace(near, far, 8))

        self.layer.paint_round(part(-0.1, 0.33, 0.62), self.skin, 0.4 * self.scale)
        if self.random.random() < 0.5:
            sleeve = part(self.random.uniform(0.05, 1.0), 0.48, 0.8)
            self.layer.paint_round(sleeve, pattern(self.random), 0.4 * self.scale)

    def _finger(self, root: np.ndarray, angle: float, length: float, thick: float) -> None:
        """One finger from its `root` on, slightly bent, with a dark gap to its neighbour, creases and a nail."""
        angles = angle + self.random.normal(0, 0.12) * np.arange(3)
        steps = np.stack([np.sin(angles), -np.cos(angles)], 1)
        joints = root + np.cumsum([np.zeros(2), *(steps * length * [[0.45], [0.3], [0.25]])], 0)
        middle, radii = curve(joints, 12), thick * self.scale * np.linspace(1.08, 0.8, 12)
        points = self.place(middle)
        self.layer.paint(limb(points, radii * 1.12), self.skin * 0.62, 0.5)
        self.layer.paint_round(limb(points, radii), self.skin, thick * self.scale)
        across = np.array([-steps[1, 1], steps[1, 0]]) * thick * 0.7
        for joint in (middle[5], middle[8]):
            crease = line(self.place([joint - across, joint + across]), 0.002)
            self.layer.paint(crease, self.skin * 0.7, self.random.uniform(0.2, 0.5))
        if self.from_behind:
            axes = (thick * self.scale * 0.52, thick * self.scale * 0.75)
            direction = points[-1] - points[-2]
            turn = np.arctan2(direction[1], direction[0]) + np.pi / 2
            nail = polygon(oval(self.place([joints[3] - steps[2] * thick * 0.35])[0], axes, turn, 2.6))
            self.layer.paint_round(nail, self.nails, axes[0], opacity=0.85)
