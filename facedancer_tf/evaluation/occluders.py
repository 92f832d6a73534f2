"""Draws things in front of a face from a seed, with the mask of where they are: a bar, a hand, a cloth, glasses.

They are drawn on a layer of 256 px and then warped into the picture. The layer lies over the face as the ArcFace
template does (data.faces.alignment), so that they turn and grow with the face. Pictures are uint8 RGB [H, W, 3], masks
float32 [H, W].
"""

import cv2
import numpy as np

from data.faces.alignment import estimate_transform, template

LAYER_PX = 256
KINDS = ("bar", "hand", "cloth", "glasses")
GLASSES_PX = 9  # thickness of the rims


def occlude(
    picture: np.ndarray, landmarks: np.ndarray, kind: str, seed: int | list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Draws an occluder of `kind` over the face with the five `landmarks` [5, 2].

    Returns the picture and the occluder's mask [H, W]. Raises ValueError for an unknown kind.
    """
    if kind not in KINDS:
        raise ValueError(f"`kind` must be one of {KINDS}. Received: kind={kind!r}")
    colours, alpha = draw_occluder(kind, np.random.default_rng(seed))
    size = (picture.shape[1], picture.shape[0])
    transform = estimate_transform(landmarks, LAYER_PX)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    mask = cv2.warpAffine(alpha, transform, size, flags=flags)
    occluder = cv2.warpAffine(colours, transform, size, flags=flags)
    mixed = picture + mask[..., None] * (occluder.astype(np.float32) - picture)
    return np.rint(mixed).astype(np.uint8), mask


def draw_occluder(kind: str, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draws the layer: colours uint8 [256, 256, 3] and opacity float32 [256, 256] in [0, 1]."""
    shape = np.zeros((LAYER_PX, LAYER_PX), np.uint8)
    colours = np.empty((LAYER_PX, LAYER_PX, 3), np.float64)
    colours[:] = random.uniform(20, 235, 3)
    {"bar": _bar, "hand": _hand, "cloth": _cloth, "glasses": _glasses}[kind](shape, colours, random)
    alpha = cv2.GaussianBlur(shape.astype(np.float32), (0, 0), 1.0)
    return np.clip(np.rint(colours), 0, 255).astype(np.uint8), alpha


def _bar(shape: np.ndarray, colours: np.ndarray, random: np.random.Generator) -> None:
    """A straight bar across the whole face, 24 to 40 px wide."""
    centre = random.uniform(90, 200, 2)
    angle = random.uniform(0, np.pi)
    reach = 400 * np.array([np.cos(angle), np.sin(angle)])
    ends = [tuple(int(value) for value in centre + side * reach) for side in (-1, 1)]
    cv2.line(shape, ends[0], ends[1], 1, int(random.integers(24, 41)))


def _hand(shape: np.ndarray, colours: np.ndarray, random: np.random.Generator) -> None:
    """A palm and four fingers in a skin colour, shaded from side to side, that come from below, left or right."""
    colours[:] = np.array([224.0, 172.0, 140.0]) * random.uniform(0.35, 1.05)
    side = random.choice([-1, 1])
    palm = np.array([128 + side * random.uniform(45, 80), random.uniform(175, 215)])
    cv2.ellipse(shape, (int(palm[0]), int(palm[1])), (38, 46), 0, 0, 360, 1, -1)
    for finger in range(4):
        angle = -np.pi / 2 - side * (0.1 + 0.28 * finger) + random.uniform(-0.08, 0.08)
        tip = palm + random.uniform(80, 105) * np.array([np.cos(angle), np.sin(angle)])
        cv2.line(shape, (int(palm[0]), int(palm[1])), (int(tip[0]), int(tip[1])), 1, 17)
    colours *= np.linspace(0.8, 1.15, LAYER_PX)[None, :, None]


def _cloth(shape: np.ndarray, colours: np.ndarray, random: np.random.Generator) -> None:
    """A rotated rectangle with a coarse random pattern, over mouth and chin or a cheek."""
    centre = (float(random.uniform(80, 176)), float(random.uniform(150, 215)))
    sides = (float(random.uniform(70, 130)), float(random.uniform(50, 90)))
    corners = cv2.boxPoints((centre, sides, float(random.uniform(-30, 30))))
    cv2.fillConvexPoly(shape, np.rint(corners).astype(np.int32), 1)
    pattern = random.uniform(-70, 70, (16, 16, 3))
    colours += cv2.resize(pattern, (LAYER_PX, LAYER_PX), interpolation=cv2.INTER_NEAREST)


def _glasses(shape: np.ndarray, colours: np.ndarray, random: np.random.Generator) -> None:
    """Thick dark rims around both eyes, with bridge and temples; the eyes stay visible."""
    colours[:] = random.uniform(0, 70, 3)
    eyes = np.rint(template(LAYER_PX)[:2]).astype(int)
    wide, high = (int(random.integers(low, high)) for low, high in ((29, 34), (20, 26)))
    for x, y in eyes:
        cv2.ellipse(shape, (int(x), int(y)), (wide, high), 0, 0, 360, 1, GLASSES_PX)
    (left, y), (right, _) = eyes
    for start, stop in ((left + wide, right - wide), (0, left - wide), (right + wide, LAYER_PX)):
        cv2.line(shape, (int(start), int(y)), (int(stop), int(y)), 1, GLASSES_PX)
