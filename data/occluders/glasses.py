"""Glasses: thin and thick rims of many shapes, lenses that are clear, tinted, dark or mirror something."""

import numpy as np

from data.occluders.layer import Layer
from data.occluders.shapes import LANDMARKS, curve, limb, line, oval, polygon
from data.occluders.textures import any_colour, coordinates, noise

_THICKNESSES = ((0.003, 0.008), (0.008, 0.02), (0.02, 0.035))  # of rims, in sides of the crop


def draw_glasses(random: np.random.Generator) -> Layer:
    """A pair of glasses on the eyes, slightly crooked now and then."""
    layer = Layer(random)
    outlines = _outlines(random)
    thick = random.uniform(*_THICKNESSES[random.integers(len(_THICKNESSES))])
    colour = any_colour(random) * random.choice([0.1, 0.4, 1.0])
    if random.random() < 0.25:
        colour = np.array([196, 160, 92]) * random.uniform(0.6, 1.2)  # metal
    rim = (
        colour * (1.0 + 0.5 * noise(random, 14, 2)[..., None]) if random.random() < 0.2 else colour
    )  # tortoise
    _lenses(layer, outlines, random)
    half = random.random() < 0.15  # rims above only
    for outline in outlines:
        closed = np.concatenate([outline, outline[:1]])
        path = closed[closed[:, 1] <= outline[:, 1].mean() + 0.01] if half else closed
        path = path[np.argsort(path[:, 0])] if half else path
        layer.paint_round(line(path, thick), rim, thick / 2, 0.5)
    left, right = outlines
    inner = [left[left[:, 0].argmax()], right[right[:, 0].argmin()]]
    outer = [left[left[:, 0].argmin()], right[right[:, 0].argmax()]]
    rise = random.uniform(0.0, 0.05)
    bridge = curve(np.array([inner[0], (inner[0] + inner[1]) / 2 - [0, rise], inner[1]]), 10)
    joins = [bridge] if random.random() < 0.85 else [bridge, bridge - [0, 0.04]]
    for hinge, side in zip(outer, (-1, 1), strict=True):
        joins.append(np.array([hinge, [0.5 + side * 0.6, hinge[1] + random.uniform(-0.06, 0.02)]]))
    for path in joins:
        shape = limb(path, np.full(len(path), max(thick * random.uniform(0.4, 0.7), 0.003)))
        layer.paint_round(shape, rim, thick / 2, 0.5)
    return layer


def _outlines(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The outlines [48, 2] of the left and the right lens."""
    wide, high = random.uniform(0.1, 0.145), random.uniform(0.06, 0.125)
    power, drop = random.choice([2.0, 2.6, 4.0, 8.0]), random.choice([0.0, 0.0, 0.3])
    lift = random.choice([0.0, 0.0, 0.25])  # cat's eyes
    middle = (LANDMARKS[0] + LANDMARKS[1]) / 2 + [random.normal(0, 0.008), random.uniform(-0.02, 0.045)]
    apart, tilt = (LANDMARKS[1] - LANDMARKS[0])[0] / 2 * random.uniform(0.98, 1.08), random.normal(0, 0.03)
    shape = oval(np.zeros(2), (wide, high), 0.0, power)
    shape[:, 0] *= 1.0 - drop * np.maximum(shape[:, 1], 0) / high  # narrower below
    shape[:, 1] -= lift * np.maximum(shape[:, 0], 0) * (shape[:, 1] < 0)
    along = np.array([np.cos(tilt), np.sin(tilt)])
    return middle - apart * along + shape * [-1, 1], middle + apart * along + shape


def _lenses(layer: Layer, outlines: tuple[np.ndarray, np.ndarray], random: np.random.Generator) -> None:
    """Lenses of both sides: none to see, tinted, dark or mirroring, with streaks of light on some."""
    kind = random.choice(["clear", "clear", "tinted", "dark", "mirror"])
    lenses = polygon(outlines[0]) | polygon(outlines[1])
    _, y = coordinates(0.0)
    down = np.clip((y + 0.16) / 0.3, 0, 1)
    tint = any_colour(random)
    if kind == "clear":
        layer.paint(lenses, np.array([235, 240, 245]), random.uniform(0.0, 0.08))
    elif kind == "tinted":
        layer.paint(lenses, tint * 0.5, random.uniform(0.25, 0.65) * (1.0 - random.uniform(0, 0.7) * down))
    elif kind == "dark":
        opaque = random.uniform(0.8, 0.98)
        layer.paint(lenses, tint * 0.12 + 40 * (1 - down[..., None]) * random.random(), opaque)
    else:
        low, high = any_colour(random), np.minimum(any_colour(random) + 60, 255)
        mirrored = high + down[..., None] * (low - high) + 25 * noise(random, 8, 2)[..., None]
        layer.paint(lenses, np.clip(mirrored, 0, 255), random.uniform(0.75, 0.97))
    if random.random() < 0.5:
        x, _ = coordinates(random.uniform(0.3, 1.2))
        streak = np.exp(-(((x - random.uniform(-0.2, 0.2)) / random.uniform(0.01, 0.06)) ** 2))
        layer.paint(lenses, np.array([250, 250, 255]), streak * random.uniform(0.15, 0.7))
