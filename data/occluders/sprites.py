"""The pool of sprites: things that cover part of a face, drawn once from a seed and then laid over training targets.

Sprites are uint8 RGBA [N, S, S, 4], not premultiplied. They lie over a crop that is aligned without shrinking, as the
landmarks of its template say. The evaluation draws its occluders by other code (`facedancer_tf.evaluation.occluders`),
so that it stays a test.
"""

from collections.abc import Callable

import cv2
import numpy as np

from data.occluders.glasses import draw_glasses
from data.occluders.hair import draw_hair
from data.occluders.hands import draw_hand
from data.occluders.layer import Layer
from data.occluders.masks import draw_cloth, draw_mask
from data.occluders.microphones import draw_microphone
from data.occluders.shapes import oval, polygon
from data.occluders.things import draw_thing

SPRITE_PX = 128
MOST_HIDDEN = 0.36  # of the face; moved and enlarged in training it becomes 0.4 or so
LEAST_HIDDEN = 0.004
# What is drawn, and how often.
KINDS: dict[str, tuple[Callable[[np.random.Generator], Layer], float]] = {
    "hand": (draw_hand, 0.26),
    "hair": (draw_hair, 0.2),
    "microphone": (draw_microphone, 0.11),
    "mask": (draw_mask, 0.09),
    "cloth": (draw_cloth, 0.06),
    "glasses": (draw_glasses, 0.14),
    "thing": (draw_thing, 0.14),
}


def face_shape(size_px: int) -> np.ndarray:
    """Where the face of an aligned crop lies, roughly: a share from 0 to 1 of every pixel, float32 [S, S]."""
    face = polygon(oval(np.array([0.5, 0.56]), (0.42, 0.52))).astype(np.float32) / 255.0
    return cv2.resize(face, (size_px, size_px), interpolation=cv2.INTER_AREA)


def draw_sprites(seed: int, count: int = 512) -> np.ndarray:
    """Draws `count` sprites, uint8 [count, 128, 128, 4]; each follows from its number and `seed`.

    Each hides at most `MOST_HIDDEN` of the face.
    """
    names, shares = list(KINDS), np.array([share for _, share in KINDS.values()])
    sprites = np.empty((count, SPRITE_PX, SPRITE_PX, 4), np.uint8)
    for number in range(count):
        random = np.random.default_rng([seed, number])
        name = names[random.choice(len(names), p=shares / shares.sum())]
        sprites[number] = draw_sprite(name, random)
    return sprites


def draw_sprite(name: str, random: np.random.Generator) -> np.ndarray:
    """Draws one sprite of a kind, uint8 [128, 128, 4], again and again until it hides neither too much nor nothing."""
    face = face_shape(SPRITE_PX)
    while True:
        sprite = _finish(KINDS[name][0](random), random)
        hidden = float((sprite[..., 3] / 255.0 * face).sum() / face.sum())
        if LEAST_HIDDEN <= hidden <= MOST_HIDDEN:
            return sprite


def _finish(layer: Layer, random: np.random.Generator) -> np.ndarray:
    """Lights a layer from a side, softens its edges, lets it cast a faint shadow, and shrinks it to a sprite."""
    drawn = np.dstack([layer.colours, layer.opacity])
    small = cv2.resize(drawn, (SPRITE_PX, SPRITE_PX), interpolation=cv2.INTER_AREA)
    blur_px = random.uniform(0.2, 0.5) if random.random() < 0.75 else random.uniform(0.5, 1.8)
    small = cv2.GaussianBlur(small, (0, 0), blur_px)
    colours, opacity = small[..., :3], small[..., 3]
    side = np.linspace(-1, 1, SPRITE_PX, dtype=np.float32)
    tilt = random.normal(0, 0.15, 2)
    light = random.uniform(0.7, 1.1) * (1 + tilt[0] * side[None, :] + tilt[1] * side[:, None])
    colours = colours * light[..., None] * random.normal(1.0, 0.02, 3)
    offset = random.normal(0, 3.0, 2)
    shift = np.array([[1, 0, offset[0]], [0, 1, offset[1]]])
    moved = cv2.warpAffine(opacity, shift, opacity.shape, borderMode=cv2.BORDER_REPLICATE)
    shadow = random.uniform(0.0, 0.4) * cv2.GaussianBlur(moved, (0, 0), random.uniform(1.0, 6.0))
    total = opacity + shadow * (1.0 - opacity)
    straight = colours / np.maximum(total, 1e-3)[..., None]
    return np.rint(np.clip(np.dstack([straight, 255.0 * total]), 0, 255)).astype(np.uint8)
