"""MobileFaceNet as trained for SFace (Zhong et al., 2021; OpenCV model zoo, `face_recognition_sface_2021dec`).

Conventions: NHWC, 112 × 112 RGB pictures in [0, 255], as OpenCV's FaceRecognizerSF feeds them; the network
rescales them itself. A plain chain of depthwise-separable blocks: no residual sums. The original's batch norms
stand between a convolution and a PReLU (or before the last dense layer), so they are folded into those layers'
weights, which is exact; nothing here depends on a training flag, and nothing is trainable.
"""

import keras
from keras import layers

from networks.layers import PReLU

SIZE_PX = 112
EMBEDDING_WIDTH = 128
# One row per stage: (filters, blocks). The stages run at 112, 56, 28, 14 and 7 px; every stage but the first
# halves the resolution in its first block.
STAGES: tuple[tuple[int, int], ...] = ((64, 1), (128, 2), (256, 2), (512, 6), (1024, 2))
BLOCK_NAMES: tuple[str, ...] = tuple(
    f"stage{stage}_block{block}"
    for stage, (_, blocks) in enumerate(STAGES, start=1)
    for block in range(1, blocks + 1)
)


def _depthwise_separable(
    x: keras.KerasTensor, filters: int, halve: bool, name: str, dtype: str
) -> keras.KerasTensor:
    """Applies a depthwise 3 × 3 and a pointwise convolution, each with a PReLU; the last layer is `<name>_out`."""
    if halve:
        # The original pads one pixel on every side; "same" padding would put both of them right and below.
        x = layers.ZeroPadding2D(1, name=f"{name}_pad", dtype=dtype)(x)
    x = layers.DepthwiseConv2D(
        3,
        strides=2 if halve else 1,
        padding="valid" if halve else "same",
        name=f"{name}_depthwise",
        dtype=dtype,
    )(x)
    x = PReLU(name=f"{name}_depthwise_prelu", dtype=dtype)(x)
    x = layers.Conv2D(filters, 1, name=f"{name}_pointwise", dtype=dtype)(x)
    return PReLU(name=f"{name}_out", dtype=dtype)(x)


def build_mobilefacenet(dtype: str = "float32", name: str = "sface") -> keras.Model:
    """Builds SFace's encoder without weights: pictures [B, 112, 112, 3] in [0, 255], RGB → raw embedding [B, 128].

    The blocks that can be tapped are `stage1_block1_out` … `stage5_block2_out`.

    Args:
        dtype: dtype policy of the convolutions ("mixed_bfloat16" halves their traffic); the embedding is float32.
        name: name of the model.

    >>> build_mobilefacenet().output_shape
    (None, 128)
    """
    pictures = keras.Input((SIZE_PX, SIZE_PX, 3), name="pictures")
    x = layers.Rescaling(1 / 128, offset=-127.5 / 128, name="rescale", dtype="float32")(pictures)
    x = layers.Conv2D(32, 3, padding="same", name="stem_conv", dtype=dtype)(x)  # [B, 112, 112, 32]
    x = PReLU(name="stem_prelu", dtype=dtype)(x)
    for stage, (filters, blocks) in enumerate(STAGES, start=1):
        for block in range(1, blocks + 1):
            halve = stage > 1 and block == 1
            x = _depthwise_separable(x, filters, halve, f"stage{stage}_block{block}", dtype)
    # [B, 7, 7, 1024]
    x = layers.Flatten(name="flatten", dtype=dtype)(x)
    embedding = layers.Dense(EMBEDDING_WIDTH, name="embedding", dtype="float32")(x)  # [B, 128]
    model = keras.Model(pictures, embedding, name=name)
    model.trainable = False
    return model
