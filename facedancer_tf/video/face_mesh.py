"""Reads 468 points on a face with the embedded face mesh, and from them the five landmarks of the template.

Pictures are uint8 RGB [H, W, 3]; points are in pixels with pixel centres on whole numbers. A third coordinate is the
depth in the same unit; it grows away from the camera. `benchmarks/steady_points.py` measures how still they stand.

Five landmarks are affine combinations of 18 of the points, so they turn, move and grow with the face; and as the points
lie at different depths, they follow a turned head. The weights were fitted (least squares, symmetric, with a penalty
on their squares) to the detector's landmarks after its patient second look, in 3,740 pictures: the bundled photographs,
1,866 synthetic faces, and the mirror images of all. On 2,394 readings, most of them of other pictures, the detector's
less the mesh's, in % of the distance between the eyes, mean and standard deviation over readings:

- Yaw below 25 degrees (2,178 readings): means of every coordinate within 1.0; deviations 3 to 4. In the aligned crop
  of 256 px the face lies 0.2 px and 0.4 px (right, down) from where the detector lays it, turned by 0.4 degrees and
  0.3 % larger. The turn is the detector's: it has it in mirrored pictures too, in the same direction.
- 25 to 35 degrees (169): means within 1.4 in x but for one eye (3.2), within 2 in y but for the nose (-4.2).
- Above 35 degrees (47): eyes -5 to -8 and nose -11 to -12 in y, up to 6 in x; the face is 5 % larger and 4 px higher.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from data.faces.alignment import invert_transform, similarity_transform, warp
from facedancer_tf.weights.face_mesh import load_face_mesh
from networks.face_mesh import SIZE_PX

# Where eyes and mouth corners lie in the network's crop (not the nose, which moves with the yaw): on average where they
# lie in MediaPipe's crop, a square around the points, 1.5 times as large as they are. Around points, the crop is
# MediaPipe's but for noise: its middle is that of the face's oval, and its size that of the oval's height at any yaw.
CROP_POINTS = np.array([[71.3, 72.2], [119.7, 72.2], [74.4, 121.6], [116.6, 121.6]])
OVAL_HEIGHT = 0.2408  # standard deviation of the oval's points along the face's height, in sides of the crop
EYES = [[33, 133, 159, 145], [263, 362, 386, 374]]  # corners and lids
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
    0.117, 0.069, 0.074, 0.074, 0.062, 0.212, 0.019, 0.049, -0.016, -0.013, -0.061, -0.044,
    0.073, 0.174, 0.173, -0.085, 0.051, 0.071,
)  # fmt: skip
NOSE = (
    0.083, 0.101, 0.115, 0.109, 0.002, -0.197, 0.083, 0.101, 0.115, 0.109, 0.002, -0.197,
    0.043, 0.066, 0.043, 0.326, 0.054, 0.045,
)  # fmt: skip
LEFT_MOUTH_CORNER = (
    0.031, 0.012, 0.028, 0.052, 0.205, 0.219, -0.031, 0.018, -0.006, -0.081, 0.057, -0.003,
    0.056, 0.152, -0.080, 0.176, 0.110, 0.083,
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


def expected(points: np.ndarray, before: np.ndarray | None) -> np.ndarray:
    """Where a face's `points` [468, 3] are expected in the next frame: they go on as since the frame `before` them.

    Only the place goes on: size and turn would tremble with the readings.
    """
    if before is None:
        return points
    return points + np.append((points - before)[:, :2].mean(axis=0), 0.0).astype(np.float32)


class FaceMesh:
    """The face mesh, traced once for any number of faces; only one thread may read at a time.

    Two at a time ended the process with a segmentation fault (TensorFlow 2.21, on a CPU).
    """

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

    def read_all(self, picture: np.ndarray, starts: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Reads n faces of `picture` at once: their points float32 [n, 468, 3] and scores float32 [n] in [0, 1].

        A start says where a face is: five landmarks [5, 2], which are read twice, or points [468, 3] that are expected
        after those of the frames before. It may be off by the distance between the eyes. Every whole face of 2,394
        scored above 0.75, faces with a covered half mostly 0.99 and more, with three covered quarters mostly below 0.1,
        and places without a face always: below 0.5 there is no face. A score says little about the place: at two
        distances off it may still be high. Raises ValueError where a start has another shape, is not finite or is a
        single place.
        """
        if not starts:
            return np.zeros((0, 468, 3), np.float32), np.zeros(0, np.float32)
        points, scores = self._read_once(picture, starts)
        again = [number for number, start in enumerate(starts) if len(start) == 5]
        if again:
            points[again], scores[again] = self._read_once(picture, points[again])
        return points, scores

    def _read_once(
        self, picture: np.ndarray, starts: Sequence[np.ndarray] | np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        transforms = [crop_transform(start) for start in starts]
        crops = np.stack([warp(picture, transform, SIZE_PX) for transform in transforms])
        points, scores = (np.array(answer) for answer in self._graph(tf.constant(crops)))
        return np.stack([_moved(*pair) for pair in zip(points, transforms, strict=True)]), scores


def crop_transform(start: np.ndarray) -> np.ndarray:
    """The transform [2, 3] to the network's crop around a face at `start`, as in `FaceMesh.read_all`."""
    if start.shape == (5, 2):
        return similarity_transform(start[FIVE_WITHOUT_NOSE], CROP_POINTS)
    if start.shape != (468, 3):
        raise ValueError(f"`start` must be [5, 2] or [468, 3]. Received: shape {start.shape}")
    points = start[:, :2].astype(np.float64)
    if not np.isfinite(points).all() or points.std() < 1e-3:
        raise ValueError(
            f"`start` must be finite and not a single place. Received: first point {points[0].tolist()}"
        )
    left_eye, right_eye = points[EYES].mean(axis=1)
    across = (right_eye - left_eye) / np.linalg.norm(right_eye - left_eye)
    turn = np.array([[across[0], across[1]], [-across[1], across[0]]])
    oval = points[OVAL]
    linear = turn * (SIZE_PX * OVAL_HEIGHT / (oval @ turn[1]).std())
    return np.hstack([linear, ((SIZE_PX - 1) / 2 - linear @ oval.mean(axis=0))[:, None]])


def _moved(points: np.ndarray, transform: np.ndarray) -> np.ndarray:
    """The network's points in pixels of the picture, float32 [468, 3]; the network counts from the pixels' edges."""
    back = invert_transform(transform)
    in_picture = (points[:, :2] - 0.5) @ back[:, :2].T + back[:, 2]
    depth = points[:, 2:] * np.sqrt(np.linalg.det(back[:, :2]))
    return np.concatenate([in_picture, depth], axis=1).astype(np.float32)
