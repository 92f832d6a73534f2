"""Five-point alignment of a face to the ArcFace template.

Pictures are uint8 RGB [H, W, 3]; points are (x, y) in pixels with pixel centres on whole numbers, as OpenCV
counts. A transform is the [2, 3] matrix of `crop = A @ picture + b`. Template and method are those of the released
training (docs/method.md, section 7.1): five landmarks, ArcFace template times size / 112, similarity transform,
shrink factor.
"""

import cv2
import numpy as np

TEMPLATE_112 = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
    dtype=np.float32,
)


def template(size_px: int, shrink: float = 1.0) -> np.ndarray:
    """The points where the five landmarks belong in a crop of `size_px`, float64 [5, 2].

    `shrink` below 1 pulls the points towards the crop's centre, so that the crop shows more background. The centre is
    `size_px / 2` because the template scales about the origin; so a shrunk template scales with the size too.
    Raises ValueError for a size below 16 or a shrink outside (0.2, 1].
    """
    if size_px < 16:
        raise ValueError(f"`size_px` must be at least 16. Received: size_px={size_px}")
    if not 0.2 < shrink <= 1.0:
        raise ValueError(f"`shrink` must be above 0.2 and at most 1. Received: shrink={shrink}")
    points = TEMPLATE_112.astype(np.float64) * (size_px / 112.0)
    centre = size_px / 2.0
    return shrink * (points - centre) + centre


def similarity_transform(points: np.ndarray, goals: np.ndarray) -> np.ndarray:
    """The similarity (scale, rotation, shift) that maps `points` [n, 2] onto `goals` [n, 2] with least squares.

    It is float64 [2, 3], by the closed form of Umeyama, 1991 (reflections excluded). Raises ValueError where the points
    are not finite or coincide, because no such transform exists then.
    """
    points = np.asarray(points, dtype=np.float64)
    goals = np.asarray(goals, dtype=np.float64)
    if points.shape != goals.shape or points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(
            f"`points` and `goals` must both be [n, 2]. Received: shapes {points.shape} and {goals.shape}"
        )
    if not np.isfinite(points).all():
        raise ValueError(f"`points` must be finite. Received: {points.tolist()}")
    centred = points - points.mean(axis=0)
    goals_centred = goals - goals.mean(axis=0)
    variance = np.mean(np.sum(centred**2, axis=1))
    if variance < 1e-8:
        raise ValueError(f"`points` must not all coincide. Received: {points.tolist()}")
    u, singular, vt = np.linalg.svd(goals_centred.T @ centred / len(points))
    signs = np.array([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    rotation = u @ np.diag(signs) @ vt
    linear = rotation * (float(singular @ signs) / variance)
    return np.hstack([linear, (goals.mean(axis=0) - linear @ points.mean(axis=0))[:, None]])


def estimate_transform(landmarks: np.ndarray, size_px: int, shrink: float = 1.0) -> np.ndarray:
    """The transform from picture to aligned crop for five `landmarks` [5, 2], float64 [2, 3]."""
    return similarity_transform(landmarks, template(size_px, shrink))


def misfit(landmarks: np.ndarray) -> float:
    """How badly five `landmarks` [5, 2] fit the template: their mean square distance's root, in sides of the crop.

    Roll, size and place do not count. It is about 0.03 for a face from the front, 0.2 for mirrored points, and infinite
    where no transform exists.
    """
    try:
        transform = estimate_transform(landmarks, 112)
    except ValueError:
        return float("inf")
    apart = landmarks @ transform[:, :2].T + transform[:, 2] - template(112)
    return float(np.sqrt(np.mean(np.sum(apart**2, axis=1)))) / 112


def invert_transform(transform: np.ndarray) -> np.ndarray:
    """The inverse transform, which maps crop to picture, float64 [2, 3]."""
    return cv2.invertAffineTransform(np.asarray(transform, dtype=np.float64))


def warp(picture: np.ndarray, transform: np.ndarray, size_px: int) -> np.ndarray:
    """Cuts the crop uint8 [S, S, 3] of `transform` out of `picture` uint8 [H, W, 3]; it is black outside the picture.

    Where the face is larger than the crop, the region is first shrunk by area averaging: sampling such a picture
    directly would alias. Only the region under the crop is touched, so a huge picture costs no more than a small one.
    """
    transform = np.asarray(transform, dtype=np.float64)
    height, width = picture.shape[:2]
    corners = np.array([[0, 0, 1], [size_px, 0, 1], [0, size_px, 1], [size_px, size_px, 1]], dtype=np.float64)
    in_picture = corners @ invert_transform(transform).T
    scale = float(np.sqrt(abs(np.linalg.det(transform[:, :2]))))
    margin = 4 + int(np.ceil(2 / scale))  # bilinear sampling needs a neighbour, also after shrinking
    left, top = np.clip(np.floor(in_picture.min(axis=0)).astype(int) - margin, 0, [width, height])
    right, bottom = np.clip(np.ceil(in_picture.max(axis=0)).astype(int) + margin, 0, [width, height])
    if right - left < 1 or bottom - top < 1:
        return np.zeros((size_px, size_px, 3), dtype=np.uint8)
    region = picture[top:bottom, left:right]
    x_factor, y_factor = 1.0, 1.0
    if scale < 1.0:
        shrunk_width = max(1, round((right - left) * scale))
        shrunk_height = max(1, round((bottom - top) * scale))
        x_factor, y_factor = shrunk_width / (right - left), shrunk_height / (bottom - top)
        region = cv2.resize(region, (shrunk_width, shrunk_height), interpolation=cv2.INTER_AREA)
    # region pixel p lies at picture pixel (p + 0.5) / factor - 0.5 + corner
    to_picture = np.array(
        [
            [1 / x_factor, 0, 0.5 / x_factor - 0.5 + left],
            [0, 1 / y_factor, 0.5 / y_factor - 0.5 + top],
            [0, 0, 1],
        ]
    )
    return cv2.warpAffine(region, transform @ to_picture, (size_px, size_px), flags=cv2.INTER_LINEAR)


def align(picture: np.ndarray, landmarks: np.ndarray, size_px: int, shrink: float = 1.0) -> np.ndarray:
    """The aligned crop uint8 [S, S, 3] of the face with these five `landmarks` [5, 2] in `picture` uint8 [H, W, 3]."""
    return warp(picture, estimate_transform(landmarks, size_px, shrink), size_px)
