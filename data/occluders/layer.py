"""A layer of paint over an aligned crop: flat colours, and surfaces that a light from one side makes look round.

Colours are RGB from 0 to 255, one for all [3] or one for each pixel [256, 256, 3].
"""

import cv2
import numpy as np

from data.occluders.shapes import DRAWING_PX


class Layer:
    """What has been painted so far.

    `colours` float32 [256, 256, 3] are multiplied by `opacity` float32 [256, 256] in [0, 1]. `light` [3] is the
    direction (x right, y down, z to the viewer) in which the light stands: more or less above and before the face.
    """

    def __init__(self, random: np.random.Generator) -> None:
        towards = np.array([random.normal(0, 0.7), random.normal(-0.5, 0.5), random.uniform(0.5, 1.4)])
        self.light = towards / np.linalg.norm(towards)
        self.colours = np.zeros((DRAWING_PX, DRAWING_PX, 3), np.float32)
        self.opacity = np.zeros((DRAWING_PX, DRAWING_PX), np.float32)

    def paint(self, shape: np.ndarray, colours: np.ndarray, opacity: float | np.ndarray = 1.0) -> None:
        """Paints `shape` in flat colours; `opacity` holds for all of it or for each pixel [256, 256]."""
        box = _box(shape)
        part = opacity[box] if isinstance(opacity, np.ndarray) else opacity
        self._cover(box, shape, _part(colours, box), part)

    def paint_round(
        self,
        shape: np.ndarray,
        colours: np.ndarray,
        roundness: float,
        ambient: float = 0.55,
        opacity: float = 1.0,
    ) -> None:
        """Paints `shape` as a body whose rim is round over `roundness` (in sides of the crop).

        The colours are as they are where the body faces the viewer; `ambient` is the part of the light that comes from
        everywhere.
        """
        box = _box(shape)
        lit = _lit(shape[box], max(roundness * DRAWING_PX, 1.0), self.light)
        self._cover(box, shape, _part(colours, box) * (ambient + (1.0 - ambient) * lit[..., None]), opacity)

    def _cover(
        self, box: tuple[slice, slice], shape: np.ndarray, colours: np.ndarray, opacity: float | np.ndarray
    ) -> None:
        cover = shape[box] * np.float32(1 / 255) * opacity
        self.colours[box] += cover[..., None] * (np.clip(colours, 0, 255) - self.colours[box])
        self.opacity[box] += cover * (1.0 - self.opacity[box])


def _box(shape: np.ndarray) -> tuple[slice, slice]:
    """The rows and columns in which a shape lies, with a little around it, so that its rim is seen as one."""
    x, y, width, height = cv2.boundingRect(shape)
    return slice(max(y - 2, 0), y + height + 2), slice(max(x - 2, 0), x + width + 2)


def _part(colours: np.ndarray, box: tuple[slice, slice]) -> np.ndarray:
    return colours[box] if np.ndim(colours) == 3 else np.asarray(colours)


def _lit(shape: np.ndarray, radius_px: float, light: np.ndarray) -> np.ndarray:
    """How much light every pixel of a body takes, float32 as `shape`; 1 where the body faces the viewer, 1.8 at most.

    The body rises from its rim like a quarter of a circle. The border of the crop is no rim: bodies go on beyond
    it.
    """
    inside = cv2.copyMakeBorder((shape > 127).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    rise = np.minimum(cv2.distanceTransform(inside, cv2.DIST_L2, 3)[1:-1, 1:-1] / radius_px, 1.0)
    height = cv2.GaussianBlur(np.sqrt(rise * (2.0 - rise)) * radius_px, (0, 0), max(radius_px * 0.12, 0.8))
    right, down = (cv2.Sobel(height, -1, x, 1 - x, scale=0.125) for x in (1, 0))
    facing = light[2] - right * light[0] - down * light[1]
    return np.clip(facing / (light[2] * np.sqrt(1.0 + right**2 + down**2)), 0.0, 1.8)
