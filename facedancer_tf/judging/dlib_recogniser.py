"""dlib's face recogniser, the independent judge of identity: no training step ever sees it.

Pictures are uint8 RGB [H, W, 3]. The embedded detector finds the face. It is then rotated and scaled into dlib's own
chip of 150 px, on which the network was trained: eyes and mouth corners lie where dlib's mean face has them, with a
quarter of the face as border. Embeddings are compared by euclidean distance, dlib's own measure (below 0.6: the same
person), or by cosine. All cosines of this network are close to 1 (ORL: 0.97 for the same person, 0.86 for two), so a
cosine says something only beside other cosines.
"""

from functools import lru_cache

import keras
import numpy as np

from data.faces.alignment import similarity_transform, warp
from data.faces.face import Face
from facedancer_tf.weights.dlib import dlib_layer_weights
from facedancer_tf.weights.embedded import ASSETS, assign_weights, read_embedded_weights
from networks.dlib_resnet import SIZE_PX, build_dlib_resnet

# Eyes and mouth corners of dlib's mean face (its 68 points, those of each eye averaged), in units of its size. The
# nose is left out: its tip moves with the head's yaw.
MEAN_FACE = np.array([[0.2255, 0.2160], [0.7547, 0.2160], [0.2541, 0.7802], [0.7261, 0.7802]])
BORDER = 0.25  # dlib's default padding around the mean face
CHIP_POINTS = (MEAN_FACE + BORDER) / (1 + 2 * BORDER) * SIZE_PX


@lru_cache(maxsize=1)
def load_judge() -> keras.Model:
    """dlib's network with its embedded weights; raises UserError where they are missing or damaged."""
    judge = build_dlib_resnet()
    assign_weights(judge, dlib_layer_weights(read_embedded_weights(ASSETS / "dlib")))
    return judge


def align_for_judge(picture: np.ndarray, face: Face) -> np.ndarray:
    """The chip of `face` in `picture`, uint8 [150, 150, 3]."""
    return warp(picture, similarity_transform(face.landmarks[[0, 1, 3, 4]], CHIP_POINTS), SIZE_PX)


def embed_judge_crops(crops: np.ndarray) -> np.ndarray:
    """Embeddings float32 [B, 128] of crops uint8 [B, 150, 150, 3] from `align_for_judge`."""
    return load_judge().predict_on_batch(crops.astype(np.float32))  # a graph: twice as fast as layer by layer
