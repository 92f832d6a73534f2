"""Shapes of things as masks, drawn from points.

Points are (x, y) in sides of an aligned crop: (0, 0) is its upper left corner, (1, 1) its lower right one. Shapes may
lie partly outside. Masks are uint8 [256, 256] from 0 to 255, with smooth edges.
"""

import cv2
import numpy as np

from data.faces.alignment import template

DRAWING_PX = 256
# where eyes, nose and corners of the mouth lie, [5, 2]
LANDMARKS = template(DRAWING_PX) / DRAWING_PX
_SHIFT = 3  # OpenCV takes points in eighths of a pixel


def in_pixels(points: np.ndarray) -> np.ndarray:
    """Turns points [n, 2] into OpenCV's int32 eighths of a pixel."""
    pixels = np.asarray(points, np.float64) * DRAWING_PX - 0.5
    return np.rint(np.clip(pixels, -9000, 9000) * (1 << _SHIFT)).astype(np.int32)


def empty() -> np.ndarray:
    return np.zeros((DRAWING_PX, DRAWING_PX), np.uint8)


def polygon(points: np.ndarray) -> np.ndarray:
    """The shape inside the corners [n, 2]."""
    shape = empty()
    cv2.fillPoly(shape, [in_pixels(points)], 255, cv2.LINE_AA, _SHIFT)
    return shape


def line(points: np.ndarray, width: float) -> np.ndarray:
    """An open line [n, 2] of one width, at least a pixel."""
    shape = empty()
    draw_line(shape, points, [255], max(1, round(width * DRAWING_PX)))
    return shape


def draw_line(canvas: np.ndarray, points: np.ndarray, tone: list[float], width_px: int) -> None:
    """Draws an open line [n, 2] into a picture or mask of 256 px."""
    cv2.polylines(canvas, [in_pixels(points)], False, tone, width_px, cv2.LINE_AA, _SHIFT)


def limb(points: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """A shape with round ends along points [n, 2], of half width `radii` [n]: a finger, an arm, a rod."""
    shape = empty()
    for centre, radius in zip(in_pixels(points), np.asarray(radii) * DRAWING_PX, strict=True):
        cv2.circle(shape, tuple(centre.tolist()), round(radius * (1 << _SHIFT)), 255, -1, cv2.LINE_AA, _SHIFT)
    along = np.gradient(points, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], 1) / (np.linalg.norm(along, axis=1, keepdims=True) + 1e-9)
    sides = across * np.asarray(radii)[:, None]
    return shape | polygon(np.concatenate([points + sides, (points - sides)[::-1]]))


def oval(
    centre: np.ndarray | list[float], axes: tuple[float, float], turn: float = 0.0, power: float = 2.0
) -> np.ndarray:
    """The corners [48, 2] of an ellipse with half `axes`, turned by `turn` rad; a larger `power` squares it."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    cosine, sine = np.cos(angle), np.sin(angle)
    x = axes[0] * np.sign(cosine) * np.abs(cosine) ** (2 / power)
    y = axes[1] * np.sign(sine) * np.abs(sine) ** (2 / power)
    return np.asarray(centre) + np.stack([x, y], 1) @ rotation(turn).T


def rotation(turn: float) -> np.ndarray:
    """The matrix [2, 2] that turns points by `turn` rad, clockwise in the picture."""
    return np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])


def curve(controls: np.ndarray | list, count: int) -> np.ndarray:
    """`count` points of the Bézier curve with the control points [n, 2]."""
    t = np.linspace(0.0, 1.0, count)[:, None, None]
    points = np.repeat(np.asarray(controls, np.float64)[None], count, 0)
    while points.shape[1] > 1:
        points = points[:, :-1] * (1 - t) + points[:, 1:] * t
    return points[:, 0]
