"""Microphones before a face: hand-held, on stands, and headsets along the cheek; with mesh, foam or fur, and signs."""

import numpy as np

from data.occluders.layer import Layer
from data.occluders.shapes import DRAWING_PX, LANDMARKS, curve, limb, oval, polygon, rotation
from data.occluders.textures import any_colour, noise

_GRAIN = {"foam": 0.12, "mesh": 0.28, "fur": 0.2}  # how much the brightness varies from pixel to pixel


def draw_microphone(random: np.random.Generator) -> Layer:
    """One to three microphones that come from below, or a headset's boom."""
    layer = Layer(random)
    if random.random() < 0.25:
        _headset(layer, random)
        return layer
    for _ in range(int(random.choice([1, 1, 1, 2, 3]))):
        head = np.array([random.uniform(0.15, 0.85), random.uniform(0.72, 1.0)])
        _stick(layer, head, random)
    return layer


def _stick(layer: Layer, head: np.ndarray, random: np.random.Generator) -> None:
    """A microphone with its head at `head` and a handle that leaves the crop below."""
    turn, radius = random.uniform(-1.0, 1.0), random.uniform(0.05, 0.14)
    down = rotation(turn) @ np.array([0.0, 1.0])
    dark = any_colour(random) * random.choice([0.15, 0.3, 1.0])
    thin = random.uniform(0.35, 0.75)
    if random.random() < 0.25:
        thin = 0.15  # a stand's rod
    ends = np.linspace(0.5 * radius, 1.5, 6)
    handle = limb(head + ends[:, None] * down, radius * np.linspace(thin, thin * 0.75, 6))
    layer.paint_round(handle, dark, radius * 0.5, 0.4)
    if random.random() < 0.3:
        centre = head + down * radius * random.uniform(1.6, 2.2)
        sign = polygon(oval(centre, (radius * 0.9, radius * random.uniform(0.5, 0.9)), turn, 12.0))
        layer.paint_round(sign, any_colour(random), 0.02)
        mark = polygon(oval(centre, (radius * 0.5, radius * 0.3), turn, random.choice([2.0, 12.0])))
        layer.paint(mark, any_colour(random))
    long = random.uniform(1.0, 1.7)
    shape = polygon(oval(head, (radius, radius * long), turn, random.choice([2.0, 2.8])))
    kind = str(random.choice(list(_GRAIN)))
    colour = any_colour(random) * random.choice([0.2, 0.5, 1.0])
    grain = _GRAIN[kind] * random.standard_normal((DRAWING_PX, DRAWING_PX, 1), np.float32)
    if kind == "mesh":
        colour = np.full(3, random.uniform(60, 190))
    if kind == "fur":
        ragged = oval(head, (radius * 1.15, radius * long * 1.1), turn)
        shape = shape | polygon(head + (ragged - head) * random.uniform(0.8, 1.2, (len(ragged), 1)))
        grain += 0.25 * noise(random, 40)[..., None]
    layer.paint_round(shape, np.clip(colour * (1.0 + grain), 0, 255), radius, 0.35)
    if kind == "mesh" and random.random() < 0.6:
        band = polygon(oval(head, (radius * 1.02, radius * 0.12), turn, 6.0))
        layer.paint_round(band, any_colour(random), 0.02, 0.3)


def _headset(layer: Layer, random: np.random.Generator) -> None:
    """A thin boom from the ear along the cheek, with a small foam ball beside the mouth."""
    side = random.choice([-1, 1])
    corner = LANDMARKS[4 if side > 0 else 3]
    mouth = corner + np.array([side * random.uniform(-0.02, 0.14), random.uniform(-0.03, 0.1)])
    ear = np.array([0.5 + side * 0.55, random.uniform(0.45, 0.7)])
    cheek = (ear + mouth) / 2 + [side * 0.08, random.uniform(0.05, 0.15)]
    points = curve([ear, cheek, mouth], 20)
    colour, width = any_colour(random) * random.choice([0.15, 1.0]), random.uniform(0.005, 0.014)
    boom = limb(points, np.full(20, width))
    layer.paint_round(boom, colour, width)
    axes = (random.uniform(0.02, 0.06), random.uniform(0.02, 0.05))
    ball = polygon(oval(mouth, axes, random.uniform(-1, 1)))
    grain = 1.0 + 0.12 * random.standard_normal((DRAWING_PX, DRAWING_PX, 1), np.float32)
    layer.paint_round(ball, colour * 0.8 * grain, 0.05, 0.4)
