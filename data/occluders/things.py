"""Things held before a face or laid over its picture: phones, cups, paper, pens, bars, captions and blobs."""

from collections.abc import Callable

import cv2
import numpy as np

from data.occluders.layer import Layer
from data.occluders.shapes import DRAWING_PX, curve, empty, limb, line, oval, polygon, rotation
from data.occluders.textures import any_colour, noise, pattern

_LETTERS = "ABCDEFGHKLMNOPRSTUVXYZaceimnorst0123456789"
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_DUPLEX)


def draw_thing(random: np.random.Generator) -> Layer:
    """One of the things, somewhere on the face."""
    kinds: tuple[Callable[[Layer, np.random.Generator], None], ...]
    kinds = (_phone, _cup, _paper, _stick, _stick, _caption, _blob, _blob)
    layer = Layer(random)
    kinds[random.integers(len(kinds))](layer, random)
    return layer


def _anywhere(random: np.random.Generator) -> np.ndarray:
    return random.uniform([0.1, 0.15], [0.9, 1.0])


def _phone(layer: Layer, random: np.random.Generator) -> None:
    centre, turn, high = _anywhere(random), random.normal(0, 0.6), random.uniform(0.16, 0.3)
    body = polygon(oval(centre, (high * 0.5, high), turn, 9.0))
    layer.paint_round(body, any_colour(random) * random.choice([0.2, 1.0]), 0.015, 0.5)
    if random.random() < 0.4:
        screen = polygon(oval(centre, (high * 0.46, high * 0.93), turn, 11.0))
        layer.paint(screen, pattern(random, "gradient"))
        return
    for place in ([-0.3, -0.8], [-0.3, -0.62], [-0.12, -0.71])[: random.integers(1, 4)]:
        lens = centre + rotation(turn) @ (np.array(place) * high)
        layer.paint(polygon(oval(lens, (high * 0.08, high * 0.08))), np.array([15, 16, 20]))
        layer.paint(polygon(oval(lens - 0.003, (high * 0.03, high * 0.03))), np.array([120, 130, 160]), 0.7)


def _cup(layer: Layer, random: np.random.Generator) -> None:
    centre, turn = np.array([random.uniform(0.25, 0.75), random.uniform(0.85, 1.05)]), random.normal(0, 0.25)
    wide, high, narrow = random.uniform(0.1, 0.19), random.uniform(0.14, 0.22), random.uniform(0.6, 1.0)
    surface = pattern(random, str(random.choice(["plain", "stripes", "dots", "noise"])))
    if random.random() < 0.5:
        hold = oval(centre + np.array([random.choice([-1, 1]) * wide, 0.0]), (wide * 0.5, high * 0.55), turn)
        ring = line(np.concatenate([hold, hold[:1]]), 0.03)
        layer.paint_round(ring, surface, 0.015)
    corners = np.array([[-wide, -high], [wide, -high], [wide * narrow, high], [-wide * narrow, high]])
    body = polygon(centre + corners @ rotation(turn).T)
    layer.paint_round(body, surface, wide, 0.45)
    rim = oval(centre + rotation(turn) @ [0, -high], (wide, wide * random.uniform(0.1, 0.35)), turn)
    layer.paint(polygon(rim), surface * random.uniform(0.5, 1.1))


def _paper(layer: Layer, random: np.random.Generator) -> None:
    centre, turn = _anywhere(random), random.normal(0, 0.5)
    axes = random.uniform([0.12, 0.12], [0.28, 0.24])
    sheet = polygon(oval(centre, (axes[0], axes[1]), turn, 40.0))
    paper = random.uniform(190, 250) * random.uniform(0.9, 1.0, 3)
    layer.paint_round(sheet, paper * (1.0 + 0.04 * noise(random, 4, 2)[..., None]), 0.005, 0.8)
    ink = random.uniform(0, 120, 3)
    for row in np.arange(-0.8, 0.8, random.uniform(0.1, 0.25)):
        ends = np.array([[-0.8, row], [random.uniform(-0.2, 0.8), row]]) * axes
        layer.paint(line(centre + ends @ rotation(turn).T, 0.006), ink, random.uniform(0.4, 0.9))


def _stick(layer: Layer, random: np.random.Generator) -> None:
    """A pen, straw, rod, strap, cable or bar: straight or bent, across the face or ending in it."""
    start = _anywhere(random)
    reach = random.uniform(0.3, 1.6)
    direction = rotation(random.uniform(0, 2 * np.pi)) @ np.array([reach, 0.0])
    start = start - direction * random.choice([0.0, 0.5])
    bend = random.normal(0, random.choice([0.0, 0.25]), 2)
    points = curve(np.array([start, start + direction / 2 + bend, start + direction]), 24)
    radius = random.choice([random.uniform(0.006, 0.02), random.uniform(0.02, 0.075)])
    shape = limb(points, radius * np.linspace(1.0, random.uniform(0.5, 1.0), 24))
    round_ = radius if random.random() < 0.7 else 0.005
    layer.paint_round(shape, pattern(random), round_, random.uniform(0.3, 0.7))


def _caption(layer: Layer, random: np.random.Generator) -> None:
    """Letters of a caption or logo, bare or on a bar."""
    text = "".join(random.choice(list(_LETTERS), random.integers(3, 12)))
    place, font = _anywhere(random), int(random.choice(_FONTS))
    left, bottom = int((place[0] - 0.3) * DRAWING_PX), int(place[1] * DRAWING_PX)
    size, thick = random.uniform(0.5, 1.6), int(random.integers(1, 5))
    if random.random() < 0.5:
        (width, height), _ = cv2.getTextSize(text, font, size, thick)
        bar = empty()
        cv2.rectangle(bar, (left - 8, bottom - height - 8), (left + width + 8, bottom + 8), 255, -1)
        layer.paint(bar, pattern(random, str(random.choice(["plain", "gradient"]))), random.uniform(0.7, 1.0))
    letters = empty()
    cv2.putText(letters, text, (left, bottom), font, size, 255, thick, cv2.LINE_AA)
    layer.paint(letters, any_colour(random), random.uniform(0.85, 1.0))


def _blob(layer: Layer, random: np.random.Generator) -> None:
    """A smooth random outline with any surface: food, toys, balloons, leaves, whatever comes before a face."""
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    waves = (
        random.normal(0, 0.35 / k) * np.sin(k * angle + random.uniform(0, 2 * np.pi)) for k in range(2, 7)
    )
    radius = random.uniform(0.08, 0.25) * np.maximum(1.0 + sum(waves), 0.3)
    points = np.stack([np.cos(angle), np.sin(angle) * random.uniform(0.5, 1.0)], 1) * radius[:, None]
    shape = polygon(_anywhere(random) + points @ rotation(random.uniform(0, np.pi)).T)
    layer.paint_round(shape, pattern(random), random.uniform(0.01, 0.2), random.uniform(0.3, 0.8))
