"""Reads 468 points on a face with the embedded face mesh, and from them the five landmarks of the template.

Pictures are uint8 RGB [H, W, 3]; points are in pixels with pixel centres on whole numbers. A third coordinate is the
depth in the same unit; it grows away from the camera. `benchmarks/steady_points.py` measures how still they stand.

Five landmarks are affine combinations of 18 of the points, so they turn, move and grow with the face, and the depth of
the points lets them follow a turned head. The weights were fitted (least squares, symmetric, with a penalty on their
squares) to the detector's landmarks after its patient second look, in 3,740 pictures: 5 photographs and 1,866 synthetic
faces, and their mirror images. PLACEHOLDER
"""

import numpy as np
import tensorflow as tf

from data.faces.alignment import invert_transform, similarity_transform, warp
from facedancer_tf.weights.face_mesh import load_face_mesh
from networks.face_mesh import SIZE_PX

# Where eyes and mouth corners lie in the network's crop (not the nose, which moves with the yaw): on average where they
# lie in MediaPipe's crop, a square around the points, 1.5 times as large as they are.
CROP_POINTS = np.array([[71.3, 72.2], [119.7, 72.2], [74.4, 121.6], [116.6, 121.6]])
FIVE_WITHOUT_NOSE = [0, 1, 3, 4]
# The face's oval, clockwise in the picture from the middle of the forehead.
OVAL = [
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
]  # fmt: skip
# Points that give the landmarks: left eye's corners and lids, left mouth corner, left cheek; the same on the right; in
# the middle between the eyes, nose tip, forehead, chin, upper and lower lip.
GIVING = [33, 133, 159, 145, 61, 234, 263, 362, 386, 374, 291, 454, 168, 1, 10, 152, 0, 17]
MIRRORED = [*range(6, 12), *range(6), *range(12, 18)]  # for each of them, the place of its mirror image
LEFT_EYE = (
    0.160, 0.100, 0.050, 0.084, 0.028, 0.205, 0.047, 0.084, -0.062, -0.020, -0.091, -0.026,
    0.051, 0.224, 0.135, -0.101, 0.054, 0.078,
)  # fmt: skip
NOSE = (
    0.152, 0.177, 0.068, 0.130, -0.051, -0.213, 0.152, 0.177, 0.068, 0.130, -0.051, -0.213,
    -0.027, 0.102, -0.041, 0.291, 0.068, 0.081,
)  # fmt: skip
LEFT_MOUTH_CORNER = (
    0.029, 0.014, 0.070, 0.056, 0.242, 0.181, -0.053, 0.046, 0.018, -0.101, 0.073, -0.006,
    0.026, 0.130, -0.079, 0.169, 0.102, 0.081,
)  # fmt: skip


def _giving_weights() -> np.ndarray:
    """The weights [5, 18] of the giving points for the five landmarks; each row's sum is 1."""
    eye, nose, mouth = (np.array(row) / np.sum(row) for row in (LEFT_EYE, NOSE, LEFT_MOUTH_CORNER))
    return np.stack([eye, eye[MIRRORED], nose, mouth, mouth[MIRRORED]])


GIVING_WEIGHTS = _giving_weights()


def five_points(points: np.ndarray) -> np.ndarray:
    """The five landmarks float32 [..., 5, 2] among the mesh's `points` [..., 468, 3], where the detector has them."""
    return (GIVING_WEIGHTS @ points[..., GIVING, :2]).astype(np.float32)


def outline(points: np.ndarray) -> np.ndarray:
    """The face's oval float32 [..., 36, 2] among the mesh's `points` [..., 468, 3], from the forehead's middle."""
    return points[..., OVAL, :2].astype(np.float32)


class FaceMesh:
    """The face mesh, traced once for any number of faces; any number of threads may read at the same time."""

    def __init__(self) -> None:
        model = load_face_mesh()

        def answer(crops: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return model(tf.cast(crops, tf.float32) / 255.0, training=False)

        crops = tf.TensorSpec((None, SIZE_PX, SIZE_PX, 3), tf.uint8)
        self._graph = tf.function(answer, autograph=False).get_concrete_function(crops)

    def read(self, picture: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, float]:
        """Reads one face; `start` and what comes out are as in `read_all`."""
        points, scores = self.read_all(picture, [start])
        return points[0], float(scores[0])

    def read_all(self, picture: np.ndarray, starts: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Reads n faces of `picture` at once: their points float32 [n, 468, 3] and scores float32 [n] in [0, 1].

        A start says where a face is: five landmarks [5, 2], or the points [468, 3] of the frame before. Raises
        ValueError where a start has another shape, is not finite or is a single place.
        """
        transforms = [crop_transform(start) for start in starts]
        if not transforms:
            return np.zeros((0, 468, 3), np.float32), np.zeros(0, np.float32)
        crops = np.stack([warp(picture, transform, SIZE_PX) for transform in transforms])
        points, scores = (answer.numpy() for answer in self._graph(tf.constant(crops)))
        return np.stack([_moved(*pair) for pair in zip(points, transforms, strict=True)]), scores


def crop_transform(start: np.ndarray) -> np.ndarray:
    """The transform [2, 3] to the network's crop around a face at `start`, as in `FaceMesh.read_all`."""
    if start.shape not in ((5, 2), (468, 3)):
        raise ValueError(f"`start` must be [5, 2] or [468, 3]. Received: shape {start.shape}")
    five = start if len(start) == 5 else five_points(start)
    return similarity_transform(five[FIVE_WITHOUT_NOSE], CROP_POINTS)


def _moved(points: np.ndarray, transform: np.ndarray) -> np.ndarray:
    """The network's points in pixels of the picture, float32 [468, 3]; the network counts from the pixels' edges."""
    back = invert_transform(transform)
    in_picture = (points[:, :2] - 0.5) @ back[:, :2].T + back[:, 2]
    depth = points[:, 2:] * np.sqrt(np.linalg.det(back[:, :2]))
    return np.concatenate([in_picture, depth], axis=1).astype(np.float32)
