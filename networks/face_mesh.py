"""MediaPipe's face mesh: 468 points on a face, and whether there is one (Kartynnik et al., 2019; Apache-2.0).

Conventions: NHWC, square crops of 192 px around one upright face, RGB in [0, 1]. A chain of residual blocks, wired as
in `face_landmark.tflite` of MediaPipe 0.10.21. There a depthwise and a pointwise convolution follow each other with
nothing between them; here one plain convolution computes both, which takes half of the time. Nothing is trainable.
"""

import keras
from keras import layers, ops

from networks.layers import PReLU

SIZE_PX = 192
POINTS = 468
# Filters and blocks of each stage; each but the first halves the resolution in its first block: 96, 48, 24, 12, 6 px.
STAGES: tuple[tuple[int, int], ...] = ((16, 2), (32, 3), (64, 3), (128, 3), (128, 3))
POINTS_BLOCKS, SCORE_BLOCKS = 3, 1  # of 128 filters at 3 px, in front of the two answers
HEAD_FILTERS = 32


def _block(x: keras.KerasTensor, filters: int, halve: bool, name: str) -> keras.KerasTensor:
    """Applies a residual block; where it halves, its sum is with the largest of each 2 × 2 pixels.

    Where it has more filters than came in, the others' sum is with 0. The last layer is `<name>_out`.
    """
    step = 2 if halve else 1
    change = layers.Conv2D(filters, 3, strides=step, padding="same", name=f"{name}_conv")(x)
    if halve:
        x = layers.MaxPooling2D(2, name=f"{name}_pool")(x)
    if x.shape[-1] < filters:
        x = ops.pad(x, [[0, 0], [0, 0], [0, 0], [0, filters - x.shape[-1]]])
    return PReLU(name=f"{name}_out")(layers.Add(name=f"{name}_sum")([x, change]))


def _head(x: keras.KerasTensor, blocks: int, outputs: int, name: str) -> keras.KerasTensor:
    """Applies a head: [B, 6, 6, 128] → [B, outputs]."""
    for block in range(1, blocks + 1):
        x = _block(x, x.shape[-1], block == 1, f"{name}_block{block}")  # [B, 3, 3, 128]
    x = layers.Conv2D(HEAD_FILTERS, 1, name=f"{name}_narrow")(x)  # [B, 3, 3, 32]
    x = PReLU(name=f"{name}_narrow_out")(x)
    x = _block(x, HEAD_FILTERS, False, f"{name}_narrow_block")
    x = layers.Conv2D(outputs, 3, name=f"{name}_answer")(x)  # [B, 1, 1, outputs]
    return layers.Flatten(name=f"{name}_flat")(x)


def build_face_mesh(name: str = "face_mesh") -> keras.Model:
    """Builds the face mesh without weights: crops [B, 192, 192, 3] in [0, 1] → points [B, 468, 3] and score [B].

    A point is (x, y, z) in pixels of the crop, 0 at its left upper edge (not at the first pixel's centre); z grows
    away from the camera and is about 0 at the head's centre. The score in [0, 1] says that there is a face.

    >>> [tuple(output.shape) for output in build_face_mesh().outputs]
    [(None, 468, 3), (None,)]
    """
    pictures = keras.Input((SIZE_PX, SIZE_PX, 3), name="pictures")
    x = layers.Conv2D(STAGES[0][0], 3, strides=2, padding="same", name="stem_conv")(pictures)
    x = PReLU(name="stem_out")(x)  # [B, 96, 96, 16]
    for stage, (filters, blocks) in enumerate(STAGES, start=1):
        for block in range(1, blocks + 1):
            x = _block(x, filters, stage > 1 and block == 1, f"stage{stage}_block{block}")
    # [B, 6, 6, 128]
    points = _head(x, POINTS_BLOCKS, POINTS * 3, "points")
    score = _head(x, SCORE_BLOCKS, 1, "score")
    points = layers.Reshape((POINTS, 3), name="points")(points)
    model = keras.Model(pictures, [points, ops.sigmoid(score[:, 0])], name=name)
    model.trainable = False
    return model
