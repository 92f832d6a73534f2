"""MobileFace's identification network: a light identity encoder that saw other faces than SFace did.

Conventions: NHWC, 112 × 112 RGB pictures in [-127.5/128, 127.5/128], raw embedding of 256. Four stages halve the
resolution: a pointwise and a depthwise convolution, then two more depthwise ones with a shortcut around both, each
depthwise with a PReLU. No convolution has a bias; the batch norm after the dense layer is folded into it. Nothing here
depends on a training flag, and nothing is trainable.
"""

import keras
from keras import layers

from networks.layers import PReLU

SIZE_PX = 112
EMBEDDING_WIDTH = 256
STEM_FILTERS = 32
FILTERS = (32, 32, 64, 128)  # by stage, at 28, 14, 7 and 4 px


def _depthwise(x: keras.KerasTensor, strides: int, name: str, dtype: str) -> keras.KerasTensor:
    """Applies a depthwise 3 × 3 convolution with one pixel of zeros on every side, then a PReLU."""
    x = layers.ZeroPadding2D(1, name=f"{name}_pad", dtype=dtype)(x)
    depthwise = layers.DepthwiseConv2D(
        3, strides=strides, padding="valid", use_bias=False, name=f"{name}_depthwise", dtype=dtype
    )
    return PReLU(name=f"{name}_prelu", dtype=dtype)(depthwise(x))


def build_mobileface(dtype: str = "float32", name: str = "mobileface") -> keras.Model:
    """Builds the encoder without weights: pictures [B, 112, 112, 3], RGB → raw embedding [B, 256].

    The blocks that can be tapped are `stage1_out` … `stage4_out`.

    Args:
        dtype: dtype policy of the convolutions; the embedding is float32.
        name: name of the model.

    >>> build_mobileface().output_shape
    (None, 256)
    """
    pictures = keras.Input((SIZE_PX, SIZE_PX, 3), name="pictures")
    x = layers.ZeroPadding2D(1, name="stem_pad", dtype=dtype)(pictures)
    x = layers.Conv2D(STEM_FILTERS, 3, strides=2, use_bias=False, name="stem_conv", dtype=dtype)(x)
    x = PReLU(name="stem_prelu", dtype=dtype)(x)  # [B, 56, 56, 32]
    for stage, filters in enumerate(FILTERS, start=1):
        block = f"stage{stage}"
        x = layers.Conv2D(filters, 1, use_bias=False, name=f"{block}_pointwise", dtype=dtype)(x)
        shortcut = _depthwise(x, 2, f"{block}_halve", dtype)
        x = _depthwise(_depthwise(shortcut, 1, f"{block}_first", dtype), 1, f"{block}_second", dtype)
        x = layers.Add(name=f"{block}_out", dtype=dtype)([x, shortcut])
    x = layers.Flatten(name="flatten", dtype=dtype)(x)
    embedding = layers.Dense(EMBEDDING_WIDTH, name="embedding", dtype="float32")(x)  # [B, 256]
    model = keras.Model(pictures, embedding, name=name)
    model.trainable = False
    return model
