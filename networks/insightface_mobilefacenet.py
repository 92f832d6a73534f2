"""InsightFace's MobileFaceNet, as its training code builds it (`get_mbf`, scale 2): the weights are the user's own.

Conventions: NHWC, 112 × 112 RGB in [-1, 1], raw embedding of 512. Inverted bottlenecks: pointwise, depthwise, then
pointwise without an activation, most of them added to their input; at the end one 7 × 7 depthwise convolution weighs
the places. Every batch norm of the original follows a convolution or the dense layer and is folded into it, which is
exact; nothing here depends on a training flag, and nothing is trainable.

Two depths: `SHALLOW` is what the training code builds by default, 2.0 million parameters; `DEEP` has the 3.3 million
that the size of `w600k_mbf.onnx` in InsightFace's small packs (13.6 MB) speaks for.
"""

from collections.abc import Sequence

import keras
from keras import layers

from networks.layers import PReLU

SIZE_PX = 112
EMBEDDING_WIDTH = 512
# Residual blocks at 56, 28, 14 and 7 px. A single one at 56 px is a plain convolution, without a sum.
SHALLOW = (1, 4, 6, 2)
DEEP = (2, 8, 12, 4)
# One row per stage, at 28, 14 and 7 px: filters, width of the bottleneck of the block that halves the resolution and
# has no sum; the others' bottleneck is as wide as their filters.
STAGES: tuple[tuple[int, int], ...] = ((128, 128), (256, 256), (256, 512))


def block_names(blocks: Sequence[int]) -> tuple[str, ...]:
    """Lists the names of the blocks, from shallow to deep; a block's output is the layer `<name>_out`."""
    return tuple(
        f"stage{stage}_block{block}"
        for stage, count in enumerate((blocks[0] if blocks[0] > 1 else 0, *(n + 1 for n in blocks[1:])))
        for block in range(1, count + 1)
    )


def _conv_prelu(x: keras.KerasTensor, convolution: keras.Layer, name: str, dtype: str) -> keras.KerasTensor:
    return PReLU(name=f"{name}_prelu", dtype=dtype)(convolution(x))


def _bottleneck(
    x: keras.KerasTensor, filters: int, width: int, halve: bool, name: str, dtype: str
) -> keras.KerasTensor:
    """Applies pointwise to `width`, depthwise 3 × 3, pointwise to `filters`; the last layer is `<name>_out`."""
    shortcut = x
    x = _conv_prelu(x, layers.Conv2D(width, 1, name=f"{name}_expand", dtype=dtype), f"{name}_expand", dtype)
    if halve:
        # The original pads one pixel on every side; "same" padding would put both of them right and below.
        x = layers.ZeroPadding2D(1, name=f"{name}_pad", dtype=dtype)(x)
    depthwise = layers.DepthwiseConv2D(
        3,
        strides=2 if halve else 1,
        padding="valid" if halve else "same",
        name=f"{name}_depthwise",
        dtype=dtype,
    )
    x = _conv_prelu(x, depthwise, f"{name}_depthwise", dtype)
    if halve:
        return layers.Conv2D(filters, 1, name=f"{name}_out", dtype=dtype)(x)
    x = layers.Conv2D(filters, 1, name=f"{name}_project", dtype=dtype)(x)
    return layers.Add(name=f"{name}_out", dtype=dtype)([shortcut, x])


def build_insightface_mobilefacenet(
    blocks: Sequence[int] = SHALLOW, dtype: str = "float32", name: str = "insightface_mobilefacenet"
) -> keras.Model:
    """Builds the encoder without weights: pictures [B, 112, 112, 3] in [-1, 1], RGB → raw embedding [B, 512].

    Args:
        blocks: `SHALLOW` or `DEEP`; `block_names` lists the blocks that can be tapped.
        dtype: dtype policy of the backbone; the embedding is float32.
        name: name of the model.

    >>> build_insightface_mobilefacenet().output_shape
    (None, 512)
    """
    pictures = keras.Input((SIZE_PX, SIZE_PX, 3), name="pictures")
    x = layers.ZeroPadding2D(1, name="stem_pad", dtype=dtype)(pictures)
    stem = layers.Conv2D(128, 3, strides=2, name="stem_conv", dtype=dtype)
    x = _conv_prelu(x, stem, "stem_conv", dtype)  # [B, 56, 56, 128]
    if blocks[0] == 1:
        # In the original a convolution in 64 groups of two channels. Written out as an ordinary one, with zeros
        # between the groups, it takes the same values: on CPUs TensorFlow has no gradient of grouped convolutions but
        # XLA's, which took 360 times as long (batch 4 on two cores: 6.7 s against 18 ms).
        pairs = layers.Conv2D(128, 3, padding="same", name="pairs_conv", dtype=dtype)
        x = _conv_prelu(x, pairs, "pairs_conv", dtype)
    else:
        for block in range(1, blocks[0] + 1):
            x = _bottleneck(x, 128, 128, False, f"stage0_block{block}", dtype)
    for stage, (filters, first_width) in enumerate(STAGES, start=1):
        x = _bottleneck(x, filters, first_width, True, f"stage{stage}_block1", dtype)
        for block in range(2, blocks[stage] + 2):
            x = _bottleneck(x, filters, filters, False, f"stage{stage}_block{block}", dtype)
    # [B, 7, 7, 256]
    x = _conv_prelu(x, layers.Conv2D(512, 1, name="wide_conv", dtype=dtype), "wide_conv", dtype)
    x = layers.DepthwiseConv2D(7, name="places_depthwise", dtype=dtype)(x)  # [B, 1, 1, 512]
    x = layers.Flatten(name="flatten", dtype=dtype)(x)
    embedding = layers.Dense(EMBEDDING_WIDTH, name="embedding", dtype="float32")(x)  # [B, 512]
    model = keras.Model(pictures, embedding, name=name)
    model.trainable = False
    return model
