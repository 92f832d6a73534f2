"""Pastes a swapped crop back into the picture that it was cut from.

Pictures and crops are uint8 RGB [H, W, 3]; points are (x, y) in pixels with pixel centres on whole numbers. A
transform is the [2, 3] matrix of `crop = A @ picture + b` (see data.faces.alignment).

The mask is an oval with a fixed place in the aligned crop, so it moves, turns and grows with the face in the picture.
It fills the rectangle of the released code (rows 77-240, columns 32-224 of 256, Gaussian of sigma 7: docs/method.md,
section 7.5) but leaves out the corners, which hold hair and background rather than face. Above its middle the oval is a
superellipse of exponent 3, which includes the brows; below its middle it is an ellipse, which follows the jaw. The mask
is computed in the picture's own pixels, so that its edge is as smooth on a face of 1000 px as in a crop of 64 px.
"""

import cv2
import numpy as np

from data.faces.alignment import invert_transform
from facedancer_tf.swapping.finest_detail import FinestDetail

# Fractions of the crop's side, in a crop that was not shrunk.
CENTRE = (128 / 256, 158.5 / 256)
HALF_WIDTH, HALF_HEIGHT = 96 / 256, 81.5 / 256
# The edge rises over twice this. It is a smoothstep as steep as the released Gaussian, but unlike the Gaussian it is
# exactly 0 before the crop ends (row 254 of 256), so that the crop's own border never shows.
FEATHER = 14 / 256
STRIP_PX = 2**16  # pixels pasted at once: all their numbers fit into the processor's cache


def face_mask(columns: np.ndarray, rows: np.ndarray, size_px: int, shrink: float = 1.0) -> np.ndarray:
    """Says how much of the swapped face to take at each point of a crop of `size_px`, float32 in [0, 1].

    `columns` and `rows` are the points' coordinates in the crop; they have equal shapes, or shapes that broadcast.
    `shrink` is the factor that the crop was aligned with: the oval shrinks about the crop's centre, as the template
    does.
    """
    x = np.abs((columns / size_px - 0.5) / shrink + 0.5 - CENTRE[0]) / HALF_WIDTH
    y = ((rows / size_px - 0.5) / shrink + 0.5 - CENTRE[1]) / HALF_HEIGHT
    edge = np.clip(((1.0 - _oval(x, y)) * (HALF_HEIGHT / FEATHER) + 1.0) / 2.0, 0.0, 1.0)
    return (edge * edge * (3.0 - 2.0 * edge)).astype(np.float32)


def rim_points(count: int, size_px: int) -> tuple[np.ndarray, np.ndarray]:
    """Points just inside and just outside the mask's rim in a crop of `size_px`, each [count, 2] as (x, y).

    Inside the mask is 1, outside it is 0; the i-th points lie on one ray from the oval's middle.
    """
    angles = np.linspace(0.0, 2.0 * np.pi, count, endpoint=False)
    x, y = np.cos(angles), np.sin(angles)
    rays = np.stack([x, y], axis=1) / _oval(np.abs(x), y)[:, None] * [HALF_WIDTH, HALF_HEIGHT]
    rise = FEATHER / HALF_HEIGHT
    inside, outside = (size_px * (np.array(CENTRE) + reach * rays) for reach in (1.0 - rise, 1.0 + rise))
    return inside, outside


def _oval(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """1 on the oval's line, 0 in its middle; `x` (not negative) and `y` from the middle, in its half axes."""
    return np.where(y < 0, np.cbrt(x**3 + np.abs(y) ** 3), np.hypot(x, y))


def paste_into(
    picture: np.ndarray,
    crop: np.ndarray,
    transform: np.ndarray,
    shrink: float = 1.0,
    mask: np.ndarray | None = None,
    detail: FinestDetail | None = None,
) -> None:
    """Blends the swapped `crop` [S, S, 3] into `picture` [H, W, 3] in place, at the picture's own resolution.

    `transform` maps picture to crop; it and `shrink` are those that the crop was cut with. A crop finer than the face
    in the picture is first averaged down; a coarser one is enlarged bicubically. `mask`, float32 [M, M] in [0, 1], lies
    over the crop and takes the oval's place; beyond the oval it must be 0. `detail` is added to the enlarged crop; its
    target must be as large as the picture. Only the face's surroundings are computed, and pixels where the mask is 0
    keep their values bit by bit. Raises ValueError for other shapes or types.
    """
    for name, array in (("picture", picture), ("crop", crop)):
        if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
            raise ValueError(f"`{name}` must be uint8 [H, W, 3]. Received: {array.dtype} {array.shape}")
    size_px = crop.shape[0]
    if crop.shape[1] != size_px:
        raise ValueError(f"`crop` must be square. Received: {crop.shape}")
    if detail is not None and detail.target.shape != picture.shape:
        raise ValueError(
            f"the target of `detail` must be as large as `picture`. Received: {detail.target.shape}, {picture.shape}"
        )
    transform = np.asarray(transform, dtype=np.float64)
    left, top, right, bottom = _reach(transform, picture.shape, size_px, shrink)
    if right <= left or bottom <= top:
        return
    fitted, crop_to_fitted = _fit_resolution(crop, transform)
    if detail is not None:
        fitted = detail.layers(fitted)
    strip_rows = max(1, STRIP_PX // (right - left))
    for start in range(top, bottom, strip_rows):
        rows, columns = slice(start, min(start + strip_rows, bottom)), slice(left, right)
        old = picture[rows, columns]
        size = old.shape[1::-1]
        to_crop = transform.copy()
        to_crop[:, 2] += transform[:, :2] @ [left, start]  # counted from the strip's corner
        face = _sampled(fitted, crop_to_fitted @ _square(to_crop), size, cv2.INTER_CUBIC)
        if detail is not None:
            face = detail.face(face, detail.target[rows, columns])
        if mask is None:
            share = _mask_of_part(to_crop.astype(np.float32), size, size_px, shrink)
        else:
            to_mask = _scaled(len(mask) / size_px) @ _square(to_crop)
            share = _sampled(mask, to_mask, size, cv2.INTER_LINEAR)
        change = cv2.subtract(face, old, dtype=cv2.CV_32F)
        change = cv2.multiply(change, cv2.merge([share, share, share]))
        old[...] = cv2.add(old, change, dtype=cv2.CV_8U)  # rounds; where the mask is 0 nothing changes


def _mask_of_part(to_crop: np.ndarray, size: tuple[int, int], size_px: int, shrink: float) -> np.ndarray:
    """The mask of a part of a picture, `size` is its width and height; `to_crop` [2, 3] maps its pixels to the crop."""
    x = np.arange(size[0], dtype=np.float32)[None, :]
    y = np.arange(size[1], dtype=np.float32)[:, None]
    columns, rows = (row[0] * x + row[1] * y + row[2] for row in to_crop)
    return face_mask(columns, rows, size_px, shrink)


def _square(transform: np.ndarray) -> np.ndarray:
    """The transform [2, 3] as a matrix [3, 3], to be followed by another one."""
    return np.vstack([transform, [0.0, 0.0, 1.0]])


def _sampled(image: np.ndarray, transform: np.ndarray, size: tuple[int, int], how: int) -> np.ndarray:
    """`image` sampled where `transform` maps the pixels of a picture of this `size`; its border goes on outside."""
    return cv2.warpAffine(
        image, transform, size, flags=how | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )


def _reach(
    transform: np.ndarray, shape: tuple[int, ...], size_px: int, shrink: float
) -> tuple[int, int, int, int]:
    """Left, top, right and bottom (the last two exclusive) of the part of the picture where the mask may exceed 0."""
    growth = 1.0 + FEATHER / HALF_HEIGHT
    corners = [
        [
            size_px * ((CENTRE[0] + x * HALF_WIDTH * growth - 0.5) * shrink + 0.5),
            size_px * ((CENTRE[1] + y * HALF_HEIGHT * growth - 0.5) * shrink + 0.5),
            1.0,
        ]
        for x in (-1, 1)
        for y in (-1, 1)
    ]
    in_picture = np.array(corners) @ invert_transform(transform).T
    height, width = shape[:2]
    left, top = np.clip(np.floor(in_picture.min(axis=0)), 0, [width, height]).astype(int)
    right, bottom = np.clip(np.ceil(in_picture.max(axis=0)) + 1, 0, [width, height]).astype(int)
    return int(left), int(top), int(right), int(bottom)


def _fit_resolution(crop: np.ndarray, transform: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Averages the crop down where it is finer than the picture; returns it and the [2, 3] matrix from crop to it."""
    size_px = crop.shape[0]
    picture_px_per_crop_px = 1.0 / np.sqrt(abs(np.linalg.det(transform[:, :2])))
    fitted_px = max(1, round(size_px * picture_px_per_crop_px))
    if fitted_px >= size_px:
        return crop, np.eye(2, 3)
    fitted = cv2.resize(crop, (fitted_px, fitted_px), interpolation=cv2.INTER_AREA)
    return fitted, _scaled(fitted_px / size_px)


def _scaled(factor: float) -> np.ndarray:
    """The matrix [2, 3] from an image to the same image at `factor` of its size: p lies at (p + 0.5) · factor - 0.5."""
    return np.array([[factor, 0.0, 0.5 * factor - 0.5], [0.0, factor, 0.5 * factor - 0.5]])
