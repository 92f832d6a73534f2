"""Surfaces of things, as pictures of colours float32 [256, 256, 3]: noisy, striped, dotted and more."""

import cv2
import numpy as np

from data.occluders.shapes import DRAWING_PX, rotation

PATTERNS = ("plain", "noise", "stripes", "checks", "dots", "gradient", "patches")


def any_colour(random: np.random.Generator) -> np.ndarray:
    """A colour [3] that things have: greys, blacks and whites as often as bright colours."""
    grey = random.uniform(8, 247)
    vivid = random.uniform(0, 255, 3)
    return np.clip(grey + random.choice([0.0, 0.15, 0.6, 1.0]) * (vivid - grey), 0, 255)


def noise(random: np.random.Generator, cells: int, octaves: int = 1) -> np.ndarray:
    """Smooth noise float32 [256, 256] of about ±1 with `cells` bumps a side, finer octaves half as strong."""
    total = np.zeros((DRAWING_PX, DRAWING_PX), np.float32)
    for octave in range(octaves):
        grid = random.uniform(-1, 1, (cells << octave, cells << octave)).astype(np.float32)
        total += cv2.resize(grid, total.shape, interpolation=cv2.INTER_CUBIC) * 0.5**octave
    return total


def coordinates(turn: float) -> tuple[np.ndarray, np.ndarray]:
    """x and y of every pixel in sides of the crop, from its centre, turned by `turn` rad."""
    side = ((np.arange(DRAWING_PX) + 0.5) / DRAWING_PX - 0.5).astype(np.float32)
    matrix = rotation(turn).astype(np.float32)
    x, y = side[None, :], side[:, None]
    return matrix[0, 0] * x + matrix[0, 1] * y, matrix[1, 0] * x + matrix[1, 1] * y


def pattern(random: np.random.Generator, kind: str | None = None) -> np.ndarray:
    """A surface of one of the `PATTERNS`, any of them by default, in two colours."""
    kind = kind or str(random.choice(PATTERNS))
    first, second = any_colour(random), any_colour(random)
    x, y = coordinates(random.uniform(0, np.pi))
    warp = noise(random, 4) * random.choice([0.0, 0.3, 1.5])
    pace = 2 * np.pi * random.uniform(4, 26)
    if kind == "plain":
        mix = np.zeros_like(x)
    elif kind == "noise":
        mix = 0.5 + random.uniform(0.2, 0.6) * noise(random, int(random.integers(2, 24)), 4)
    elif kind == "gradient":
        mix = x + 0.5
    elif kind == "stripes":
        mix = np.sin(pace * x + warp) * random.choice([1.0, 6.0]) + random.uniform(-0.5, 1)
    elif kind == "checks":
        mix = 0.5 * (np.sin(pace * x + warp) > 0) + 0.5 * (np.sin(pace * y + warp) > 0)
    elif kind == "dots":
        mix = (np.sin(pace * x + warp) * np.sin(pace * y + warp) - random.uniform(0.2, 0.7)) * 8
    elif kind == "patches":
        mix = noise(random, int(random.integers(4, 12)), 2) * 6
    else:
        raise ValueError(f"`kind` must be one of {PATTERNS}. Received: kind={kind!r}")
    mix = np.clip(mix, 0.0, 1.0)[..., None]
    surface = first + mix * (second - first)
    return (surface * (1.0 + 0.06 * noise(random, 64)[..., None])).astype(np.float32)
