"""Reads 68 landmarks, the head's angles and the expression of a face, with face-api's networks.

face-api cuts its networks' inputs out along the boxes of its own detectors. The embedded detector's boxes are others,
but its five points are good. So here a similarity transform lays eyes and mouth corners on fixed places (not the nose,
which moves with the yaw): the face is upright and as large as the networks know it. The landmarks in this crop,
averaged with those of its mirror image, give the next crop, twice. What is read then hardly depends on the detection.
The networks would read smaller faces as less turned than they are.

Measured on 986 pictures (320 px, eyes 78 px apart) of 200 synthetic people, each drawn in up to five views, two of
them turned to either side of the first. Yaw spreads by 18.0 degrees, pitch by 5.0 (standard deviations). Differences
are means of the absolute value:

- The yaw of the first view lies between those of the turned ones in 186 of 187 people.
- A mirrored picture, detected anew: yaw 0.13, pitch 0.08.
- A picture turned by 10 or 25 degrees, detected anew: roll 0.06 (at most 0.7), yaw up to 0.28, pitch 0.15.
- JPEG of quality 75, detected anew: yaw 0.13, pitch 0.08, landmarks 0.16 px. Pose from the detector's five points
  alone: 1.04 and 0.33, where their pitch spreads by 2.3 only.
- The detector's points moved by 1.5 px (normal): yaw 0.08, pitch 0.05. From the five points: 2.66 and 1.56. From
  one pass without the mirror image (300 of the pictures): 0.5 and 0.3.
- Landmarks lie 0.07 to 0.08 eye distances from the detector's five points. Beyond 40 degrees of yaw the far brow and
  eye leave the face, and near profiles are read as some 48 degrees.
- Half the size, detected anew: yaw 0.14, pitch 0.09.
- "happy" and the mouth's width go together (correlation 0.69 below 15 degrees of yaw). Of the other expressions but
  "neutral" the classifier says little here: these people smile or do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import keras
import numpy as np

from data.faces.alignment import invert_transform, similarity_transform, warp
from data.faces.face import Face
from facedancer_tf.judging.head_pose import head_angles
from facedancer_tf.weights.embedded import ASSETS, assign_weights, read_embedded_weights, without_drawing
from facedancer_tf.weights.face_api import feature_net_weights
from networks.face_feature_nets import (
    EXPRESSIONS,
    LANDMARKS,
    SIZE_PX,
    build_face_expression,
    build_face_landmarks,
)

__all__ = ["EXPRESSIONS", "FaceReadings", "read_faces"]

BATCH = 64
PASSES = 3  # the detector gives the first crop, the landmarks in each crop give the next one
FIVE_WITHOUT_NOSE = [0, 1, 3, 4]
# Eyes and mouth corners in the networks' crop: those of the ArcFace template, but symmetric, enlarged by 1.05 and
# moved up, so that the chin is well inside.
CROP_POINTS = np.array([[37.0, 28.1], [74.0, 28.1], [40.2, 70.9], [70.8, 70.9]])
# For each landmark, the number that it has in the mirrored picture.
MIRRORED = np.r_[
    16:-1:-1,  # jaw
    26:16:-1,  # brows
    27:31,  # bridge of the nose
    35:30:-1,  # nostrils
    [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40],  # eyes
    54:47:-1,  # outer lips, above
    59:54:-1,  # outer lips, below
    64:59:-1,  # inner lips, above
    67:64:-1,  # inner lips, below
]


@dataclass(frozen=True)
class FaceReadings:
    """Readings of n faces.

    `landmarks` float32 [n, 68, 2]: (x, y) in pixels of the picture, in the order of iBUG 300-W; `angles` float32
    [n, 3]: yaw, pitch, roll in degrees, signs as in `head_pose`; `expression` float32 [n, 7]: probabilities of
    `EXPRESSIONS`.
    """

    landmarks: np.ndarray
    angles: np.ndarray
    expression: np.ndarray


@lru_cache(maxsize=1)
def load_face_landmarks() -> keras.Model:
    """The network of the landmarks with its embedded weights; raises UserError where they are missing or damaged."""
    with without_drawing():
        model = build_face_landmarks()
    assign_weights(model, feature_net_weights(read_embedded_weights(ASSETS / "face_landmarks")))
    return model


@lru_cache(maxsize=1)
def load_face_expression() -> keras.Model:
    """The network of the expressions with its embedded weights; raises UserError where they are missing or damaged."""
    with without_drawing():
        model = build_face_expression()
    assign_weights(model, feature_net_weights(read_embedded_weights(ASSETS / "face_expression")))
    return model


def face_crop(picture: np.ndarray, five: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The networks' crop uint8 [112, 112, 3] around five landmarks [5, 2], and the transform [2, 3] that cuts it."""
    transform = similarity_transform(five[FIVE_WITHOUT_NOSE], CROP_POINTS)
    return warp(picture, transform, SIZE_PX), transform


def five_of(landmarks: np.ndarray) -> np.ndarray:
    """The detector's five points [5, 2] among 68 landmarks [68, 2]: eyes, nose, mouth corners."""
    left_eye, right_eye = landmarks[36:42].mean(axis=0), landmarks[42:48].mean(axis=0)
    return np.stack([left_eye, right_eye, landmarks[30], landmarks[48], landmarks[54]])


def _answers(model: keras.Model, crops: np.ndarray) -> np.ndarray:
    return model.predict_on_batch(crops.astype(np.float32))  # a graph: layer by layer takes twice as long


def _landmarks_in(crops: np.ndarray) -> np.ndarray:
    """Landmarks float64 [n, 68, 2] in pixels of `crops` uint8 [n, 112, 112, 3], averaged with the mirror image's."""
    landmarks = _answers(load_face_landmarks(), crops).astype(np.float64) * SIZE_PX
    mirrored = _answers(load_face_landmarks(), crops[:, :, ::-1])[:, MIRRORED].astype(np.float64) * SIZE_PX
    mirrored[..., 0] = SIZE_PX - 1 - mirrored[..., 0]
    return (landmarks + mirrored) / 2


def _expression_in(crops: np.ndarray) -> np.ndarray:
    """Probabilities float32 [n, 7] for `crops` uint8 [n, 112, 112, 3], averaged with the mirror image's."""
    network = load_face_expression()
    return (_answers(network, crops) + _answers(network, crops[:, :, ::-1])) / 2


def _to_picture(landmarks: np.ndarray, transform: np.ndarray) -> np.ndarray:
    back = invert_transform(transform)
    return landmarks @ back[:, :2].T + back[:, 2]


def _read_batch(pictures: Sequence[np.ndarray], faces: Sequence[Face]) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks float64 [n, 68, 2] in pixels of the pictures, and expressions float32 [n, 7]."""
    points = [face.landmarks for face in faces]
    for _ in range(PASSES):
        cuts = [face_crop(picture, five) for picture, five in zip(pictures, points, strict=True)]
        crops = np.stack([crop for crop, _ in cuts])
        landmarks = np.stack(
            [
                _to_picture(points_68, transform)
                for points_68, (_, transform) in zip(_landmarks_in(crops), cuts, strict=True)
            ]
        )
        points = [five_of(points_68) for points_68 in landmarks]
    return landmarks, _expression_in(crops)


def read_faces(pictures: Sequence[np.ndarray], faces: Sequence[Face]) -> FaceReadings:
    """Reads one face in each picture: `pictures` uint8 RGB [H, W, 3], `faces` as `data.faces.detection` gives them.

    Raises ValueError where there are not as many faces as pictures, or where a picture has another form, and UserError
    where the embedded weights are missing or damaged.
    """
    if len(pictures) != len(faces):
        raise ValueError(
            f"`faces` must hold one face for each picture. Received: {len(faces)} faces, {len(pictures)} pictures"
        )
    for picture in pictures:
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
            raise ValueError(f"a picture must be uint8 [H, W, 3]. Received: {picture.dtype} {picture.shape}")
    landmarks = np.zeros((len(pictures), LANDMARKS, 2))
    expression = np.zeros((len(pictures), len(EXPRESSIONS)), np.float32)
    for start in range(0, len(pictures), BATCH):
        batch = slice(start, start + BATCH)
        landmarks[batch], expression[batch] = _read_batch(pictures[batch], faces[batch])
    angles = np.array([head_angles(points) for points in landmarks], np.float32).reshape(-1, 3)
    return FaceReadings(landmarks.astype(np.float32), angles, expression)
