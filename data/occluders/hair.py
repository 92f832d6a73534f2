"""Hair before a face: fringes from above, locks along the sides, single strands; straight, wavy or curly."""

import numpy as np

from data.occluders.layer import Layer
from data.occluders.shapes import DRAWING_PX, curve, draw_line

_COLOURS = np.array(
    [[18, 15, 14], [40, 28, 22], [70, 46, 32], [104, 70, 44], [148, 108, 66], [204, 168, 112], [232, 210, 164],
     [150, 66, 34], [176, 92, 48], [128, 126, 124], [210, 208, 206], [240, 238, 234]], np.float64
)  # fmt: skip

_POINTS = 24  # of a hair


def hair_colour(random: np.random.Generator) -> np.ndarray:
    """A colour [3] of hair: black to white, red, and now and then dyed."""
    if random.random() < 0.05:
        return random.uniform(20, 230, 3)
    return np.clip(
        _COLOURS[random.integers(len(_COLOURS))] * random.normal(1.0, 0.12) + random.normal(0, 2, 3), 0, 255
    )


def draw_hair(random: np.random.Generator) -> Layer:
    """A fringe, a parted fringe, locks along the sides or single strands, made of single hairs."""
    brush = _Brush(hair_colour(random), random)
    kinds = (_fringe, _parted, _sides, _strands)
    kinds[random.choice(4, p=[0.2, 0.2, 0.2, 0.4])](brush, random)
    return brush.layer()


def _fringe(brush: "_Brush", random: np.random.Generator) -> None:
    low = random.uniform(0.22, 0.44)
    for x in np.linspace(-0.05, 1.05, int(random.integers(9, 22))):
        end = [x + random.normal(0, 0.05), low * random.uniform(0.75, 1.1) + 0.25 * (x - 0.5) ** 2]
        brush.lock([[x + random.normal(0, 0.03), -0.1], [x, 0.1], end], random.uniform(0.04, 0.08))


def _parted(brush: "_Brush", random: np.random.Generator) -> None:
    part, low = random.uniform(0.25, 0.75), random.uniform(0.3, 0.6)
    for side in (-1, 1):
        for step in np.linspace(0, 1, int(random.integers(5, 11))):
            middle = [part + side * (0.15 + 0.35 * step), random.uniform(0.1, 0.2)]
            end = [part + side * (0.25 + 0.45 * step), low * (0.5 + step) + random.normal(0, 0.04)]
            brush.lock([[part + side * 0.3 * step, -0.12], middle, end], random.uniform(0.05, 0.09))


def _sides(brush: "_Brush", random: np.random.Generator) -> None:
    """Long hair at one side or both."""
    sides = (-1, 1) if random.random() < 0.35 else (random.choice([-1, 1]),)
    for side in sides:
        reach = random.uniform(0.06, 0.2 if len(sides) == 2 else 0.28)
        for step in np.linspace(-0.4, 1, int(random.integers(7, 14))):
            x = 0.5 + side * (0.5 - reach * step)
            middle = [x + side * random.uniform(0, 0.1), 0.4]
            end = [x + random.normal(0, 0.03), 1.2]
            brush.lock([[x + side * 0.05, -0.15], middle, end], random.uniform(0.04, 0.08))


def _strands(brush: "_Brush", random: np.random.Generator) -> None:
    """A few thin strands across the face, from above or blown from a side."""
    blown = random.random() < 0.5
    for _ in range(int(random.integers(2, 7))):
        above = random.uniform([-0.1, -0.15], [1.1, 0.1])
        start = np.array([random.choice([-0.1, 1.1]), random.uniform(-0.1, 0.7)]) if blown else above
        end = random.uniform([0.1, 0.35], [0.9, 1.1])
        middle = (start + end) / 2 + random.normal(0, 0.18, 2)
        brush.lock([start, middle, end], random.uniform(0.004, 0.05), density=random.uniform(0.2, 1.0))


class _Brush:
    """Draws locks hair by hair: two plain pictures, of the colours and of where hair is."""

    def __init__(self, colour: np.ndarray, random: np.random.Generator) -> None:
        self.colour, self.random = colour, random
        self.colours = np.empty((DRAWING_PX, DRAWING_PX, 3), np.uint8)
        self.colours[:] = np.rint(colour * 0.7)
        self.shape = np.zeros((DRAWING_PX, DRAWING_PX), np.uint8)
        self.wave = random.choice([0.0, 0.006, 0.02, 0.03]) * random.uniform(0.5, 1.3)
        self.turns = random.uniform(1, 4) if self.wave < 0.015 else random.uniform(3, 9)
        self.contrast = random.uniform(0.15, 0.4)
        self.shine = random.uniform(0.15, 0.6)  # at which height the light lies on it

    def lock(self, controls: np.ndarray | list, width: float, density: float = 1.0) -> None:
        """Draws one lock along a curve; its hairs run together towards its end."""
        random, middle, along = self.random, curve(controls, _POINTS), np.linspace(0, 1, _POINTS)
        middle[:, 0] += (
            self.wave * np.sin(2 * np.pi * (self.turns * along + random.random())) * np.sqrt(along)
        )
        count = max(2, round(width * 650 * density))
        place = random.uniform(-1, 1, count)[:, None]
        hairs = np.repeat(middle[None], count, 0)  # [n, 24, 2]
        hairs[..., 0] += (
            place * width * (1.0 - 0.75 * along**1.5) + random.normal(0, 0.004, (count, 1)) * along
        )
        hairs[..., 1] += random.normal(0, 0.015, (count, 1)) * along
        bright = 1.0 + self.contrast * (random.normal(0, 0.5, (count, 1)) - 0.5 * place**2)
        height = hairs[:, _POINTS // 2, 1:]
        bright += 0.35 * np.exp(-(((height - self.shine) / 0.15) ** 2)) * random.random((count, 1))
        tones = np.clip(self.colour * bright + 6 * random.random((count, 1)), 0, 255).tolist()
        ends, widths = random.integers(_POINTS - 5, _POINTS + 1, count), random.choice([1, 1, 2], count)
        for hair, tone, end, width_px in zip(hairs, tones, ends, widths, strict=True):
            draw_line(self.colours, hair[:end], tone, int(width_px))
            draw_line(self.shape, hair[:end], [255], int(width_px))

    def layer(self) -> Layer:
        layer = Layer(self.random)
        layer.paint(self.shape, self.colours)
        return layer
