"""Computes yaw, pitch and roll of a head in degrees from its 68 landmarks.

Signs are those of the picture: yaw is positive where the nose points to the picture's right, pitch where it points up,
roll where the head is tilted clockwise. The rotation is Rz(roll) · Ry(-yaw) · Rx(-pitch) about axes x to the right, y
down, z away from the camera. So turning the picture in its plane changes only the roll, and mirroring it negates yaw
and roll. Zero is the frontal view of the model; a person's own frontal view differs from it by a few degrees. The
angles serve to compare pictures of one head.
"""

import cv2
import numpy as np

# A generic head in centimetres, axes as above: the 14 points of P. Martins' anthropometric head model (ISR, University
# of Coimbra) that are widely used for head pose from these 68 landmarks. One side; the other is its mirror image.
ONE_SIDE = {
    17: (-6.825897, -6.760612, -4.402142),  # brow, outer end
    21: (-1.330353, -7.122144, -6.903745),  # brow, inner end
    36: (-5.311432, -5.485328, -3.987654),  # eye, outer corner
    39: (-1.789930, -5.393625, -4.413414),  # eye, inner corner
    31: (-2.005628, -1.409845, -6.165652),  # nostril
    48: (-2.774015, 2.080775, -5.048531),  # corner of the mouth
}
OTHER_SIDE = {17: 26, 21: 22, 36: 45, 39: 42, 31: 35, 48: 54}
MIDDLE = {57: (0.0, 3.116408, -6.097667), 8: (0.0, 7.415691, -4.070434)}  # lower lip, chin
MODEL = {
    **ONE_SIDE,
    **{OTHER_SIDE[i]: (-x, y, z) for i, (x, y, z) in ONE_SIDE.items()},
    **MIDDLE,
}
POINTS = list(MODEL)
HEAD = np.array([MODEL[i] for i in POINTS]) - np.mean([MODEL[i] for i in POINTS], axis=0)
# Focal length in units of the 14 points' root mean square distance from their middle: a head about a metre away. It
# depends on the face and not on the picture, so that neither the picture's size nor the face's place in it counts.
FOCAL = 20.0


def _size(points: np.ndarray) -> float:
    """Root mean square distance of `points` [n, 2] from their mean."""
    return float(np.sqrt(((points - points.mean(axis=0)) ** 2).sum(axis=1).mean()))


def head_angles(landmarks: np.ndarray) -> np.ndarray:
    """Yaw, pitch and roll float64 [3], degrees, of `landmarks` [68, 2] in pixels.

    The line between the eyes is first made horizontal; then perspective-n-point starts from the frontal view. Raises
    ValueError where the landmarks are not 68 finite points or coincide.
    """
    landmarks = np.asarray(landmarks, dtype=np.float64)
    if landmarks.shape != (68, 2) or not np.isfinite(landmarks).all():
        raise ValueError(f"`landmarks` must be 68 finite points. Received: shape {landmarks.shape}")
    along_eyes = landmarks[42:48].mean(axis=0) - landmarks[36:42].mean(axis=0)
    tilt = np.arctan2(along_eyes[1], along_eyes[0])
    points = landmarks[POINTS] - landmarks[POINTS].mean(axis=0)
    size = _size(points)
    if size < 1e-6:
        raise ValueError("`landmarks` must not all coincide. Received: one point")
    cosine, sine = np.cos(tilt), np.sin(tilt)
    level = points @ np.array([[cosine, -sine], [sine, cosine]]) / size
    camera = np.diag([FOCAL, FOCAL, 1.0])
    distance = np.array([[0.0], [0.0], [FOCAL * _size(HEAD[:, :2])]])
    _, turned, _ = cv2.solvePnP(
        HEAD, level, camera, None, np.zeros((3, 1)), distance, True, cv2.SOLVEPNP_ITERATIVE
    )
    rotation = cv2.Rodrigues(turned)[0]
    yaw = np.arcsin(np.clip(rotation[2, 0], -1.0, 1.0))
    pitch = np.arctan2(-rotation[2, 1], rotation[2, 2])
    roll = np.arctan2(rotation[1, 0], rotation[0, 0]) + tilt
    return np.degrees([yaw, pitch, (roll + np.pi) % (2 * np.pi) - np.pi])
