"""dlib's face recogniser, a 29-layer residual network: the independent judge of identity, never used in training.

Conventions: NHWC, 150 × 150 RGB in [0, 255]; embedding of 128, meant for euclidean distance (below 0.6: the same
person, by dlib's own rule). Wiring as in face-api's readable source (`faceRecognitionNet`). The original's learned
scale after each convolution is folded into its kernel and bias, which is exact. Nothing is trainable.
"""

import keras
from keras import layers, ops

SIZE_PX = 150
EMBEDDING_WIDTH = 128
MEAN_RGB = (122.782, 117.001, 104.298)
# One row per residual block, in order: (name, filters, halves the resolution).
BLOCKS: tuple[tuple[str, int, bool], ...] = (
    ("conv32_1", 32, False),
    ("conv32_2", 32, False),
    ("conv32_3", 32, False),
    ("conv64_down", 64, True),
    ("conv64_1", 64, False),
    ("conv64_2", 64, False),
    ("conv64_3", 64, False),
    ("conv128_down", 128, True),
    ("conv128_1", 128, False),
    ("conv128_2", 128, False),
    ("conv256_down", 256, True),
    ("conv256_1", 256, False),
    ("conv256_2", 256, False),
    ("conv256_down_out", 256, True),
)


def _halved_shortcut(shortcut: keras.KerasTensor, filters: int, name: str) -> keras.KerasTensor:
    """Averages the block's input 2 × 2 and fills it up with zero channels: [B, H, W, C] → [B, H/2, W/2, filters]."""
    shortcut = layers.AveragePooling2D(2, name=f"{name}_pool")(shortcut)
    missing = filters - shortcut.shape[-1]
    return ops.pad(shortcut, ((0, 0), (0, 0), (0, 0), (0, missing))) if missing else shortcut


def _residual(x: keras.KerasTensor, filters: int, halve: bool, name: str) -> keras.KerasTensor:
    """Computes relu(conv(relu(conv(x))) + x); a block that halves has stride 2 and no padding in its first conv."""
    main = layers.Conv2D(
        filters,
        3,
        strides=2 if halve else 1,
        padding="valid" if halve else "same",
        activation="relu",
        name=f"{name}_conv1",
    )(x)
    main = layers.Conv2D(filters, 3, padding="same", name=f"{name}_conv2")(main)
    if halve:
        x = _halved_shortcut(x, filters, name)
        # From an even size the unpadded convolution gives one row and column less than the pooling.
        missing = x.shape[1] - main.shape[1]
        main = ops.pad(main, ((0, 0), (0, missing), (0, missing), (0, 0)))
    return layers.Activation("relu", name=f"{name}_out")(main + x)


def build_dlib_resnet(name: str = "dlib") -> keras.Model:
    """Builds the judge without weights: pictures [B, 150, 150, 3] in [0, 255], RGB → embedding [B, 128], float32.

    >>> build_dlib_resnet().output_shape
    (None, 128)
    """
    pictures = keras.Input((SIZE_PX, SIZE_PX, 3), name="pictures")
    x = (pictures - ops.array(MEAN_RGB, dtype="float32")) / 255.0
    x = layers.Conv2D(32, 7, strides=2, activation="relu", name="conv32_down")(x)  # [B, 72, 72, 32]
    x = layers.MaxPooling2D(3, strides=2, name="pool")(x)  # [B, 35, 35, 32]
    for block, filters, halve in BLOCKS:
        x = _residual(x, filters, halve, block)  # … 17, 8, 4, 2 px
    x = layers.GlobalAveragePooling2D(name="average")(x)  # [B, 256]
    embedding = layers.Dense(EMBEDDING_WIDTH, use_bias=False, name="embedding")(x)  # [B, 128]
    model = keras.Model(pictures, embedding, name=name)
    model.trainable = False
    return model
