"""Cloth on a face: surgical, shaped and patterned masks, scarves from below, brims and scarves from above."""

import numpy as np

from data.occluders.layer import Layer
from data.occluders.shapes import curve, line, polygon
from data.occluders.textures import any_colour, noise, pattern

_PLAIN = np.array(
    [[150, 196, 222], [236, 240, 242], [28, 28, 32], [150, 204, 178], [236, 176, 190], [92, 130, 190]]
)


def draw_mask(random: np.random.Generator) -> Layer:
    """A mask over mouth and chin, the tip of the nose free or not."""
    layer = Layer(random)
    top, sag = random.uniform(0.62, 0.74), random.uniform(0.0, 0.1)
    wide, shift = random.uniform(0.36, 0.52), random.normal(0, 0.02)
    left, right = np.array([0.5 - wide + shift, top + sag]), np.array([0.5 + wide + shift, top + sag])
    edge = curve(np.array([left, [0.42 + shift, top - sag], [0.58 + shift, top - sag], right]), 24)
    jaw = 0.8 * wide
    chin = curve(np.array([right, [0.5 + jaw + shift, 1.3], [0.5 - jaw + shift, 1.3], left]), 24)
    shape = polygon(np.concatenate([edge, chin]))
    kind = random.choice(["surgical", "cloth", "shaped"])
    colour = _PLAIN[random.integers(len(_PLAIN))] * random.uniform(0.85, 1.05)
    cloth = pattern(random) if kind == "cloth" else (colour * (1 + 0.02 * noise(random, 90)[..., None]))
    for end, side in ((left, -1), (right, 1)):
        ear = np.array([0.5 + side * 0.62, random.uniform(0.4, 0.6)])
        if random.random() < 0.85:
            below = np.array([end + np.array([0.0, 0.2]), [0.5 + side * 0.55, 0.8], ear])
            layer.paint(line(np.array([end, ear]), 0.006), colour * 0.95)
            layer.paint(line(curve(below, 12), 0.006), colour * 0.9)
    creases = 1.0 + random.uniform(0.02, 0.08) * noise(random, 7, 3)[..., None]
    layer.paint_round(shape, cloth * creases, random.uniform(0.08, 0.3), 0.6)
    if kind == "surgical":
        for fold in top + np.cumsum(random.uniform(0.06, 0.12, 4)):
            ends = np.array([[left[0], fold + sag], [0.5, fold - sag * 0.5 + 0.03], [right[0], fold + sag]])
            pleat = curve(ends, 16)
            layer.paint(line(pleat, 0.006) & shape, colour * 0.72, 0.5)
            layer.paint(line(pleat + np.array([0.0, 0.008]), 0.006) & shape, colour * 1.12, 0.4)
    layer.paint(line(edge, random.uniform(0.004, 0.012)), colour * random.uniform(0.7, 1.1), 0.7)
    if kind == "shaped":
        seam = line(np.array([[0.5 + shift, top], [0.5 + shift, 1.1]]), 0.005)
        layer.paint(seam & shape, colour * 0.75, 0.6)
    return layer


def draw_cloth(random: np.random.Generator) -> Layer:
    """A scarf or collar from below, a brim, hood or scarf from above or beside: a wavy edge and folds."""
    layer = Layer(random)
    x = np.linspace(-0.3, 1.3, 40)
    rim = random.uniform(0.72, 0.95) if random.random() < 0.5 else random.uniform(0.1, 0.3)
    from_above = rim < 0.5
    bow = random.normal(0, 0.25) * (x - 0.5) ** 2 + random.normal(0, 0.15) * (x - 0.5)
    ripple = sum(random.normal(0, 0.015) * np.sin(2 * np.pi * (k * x + random.random())) for k in (1, 2, 4))
    edge = np.stack([x, rim + bow + ripple], 1)
    far = -0.5 if from_above else 1.5
    shape = polygon(np.concatenate([edge, [[1.3, far], [-0.3, far]]]))
    creases = 1.0 + random.uniform(0.05, 0.18) * noise(random, int(random.integers(3, 8)), 3)[..., None]
    layer.paint_round(shape, pattern(random) * creases, random.uniform(0.03, 0.2), 0.5)
    if random.random() < 0.4:
        layer.paint(line(edge, random.uniform(0.004, 0.03)), any_colour(random), 0.8)
    return layer
