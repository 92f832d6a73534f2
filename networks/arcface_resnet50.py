"""ArcFace on ResNet-50: the identity encoder of the released FaceDancer (docs/method.md, section 4).

Conventions: NHWC, 112 × 112 RGB in [0, 1], raw embedding of 512. Layer names are those of Keras' ResNet-50
(`conv2_block1_out` … `conv5_block3_out`), which the released IFSR margins are keyed by; all batch norms run on
their stored statistics whatever the training flag, and nothing is trainable. Weights are the user's own.
"""

from collections.abc import Sequence

import keras
from keras import layers

SIZE_PX = 112
EMBEDDING_WIDTH = 512
# Stage number in the layer names, filters of its 3 × 3 convolutions, blocks.
STAGES: tuple[tuple[int, int, int], ...] = ((2, 64, 3), (3, 128, 4), (4, 256, 6), (5, 512, 3))
BACKBONE_EPSILON = 1.001e-5  # of Keras' ResNet-50
HEAD_EPSILON = 1e-3  # Keras' default, which the usual TensorFlow ArcFace head leaves as it is
HEAD_LAYERS = ("batch_norm", "flatten", "global_avg_pool", "dense")
USUAL_HEAD = ("batch_norm", "flatten", "dense", "batch_norm")


def _batch_norm(
    x: keras.KerasTensor, name: str, dtype: str, epsilon: float = BACKBONE_EPSILON
) -> keras.KerasTensor:
    return layers.BatchNormalization(epsilon=epsilon, name=name, dtype=dtype)(x, training=False)


def _bottleneck(
    x: keras.KerasTensor, filters: int, stride: int, project: bool, name: str, dtype: str
) -> keras.KerasTensor:
    """Adds 1 × 1 (with the stride) → 3 × 3 → 1 × 1 convolutions to the input, which is projected if `project`.

    [B, H, W, C] → [B, H/stride, W/stride, 4 · filters].
    """
    shortcut = x
    if project:
        shortcut = layers.Conv2D(4 * filters, 1, strides=stride, name=f"{name}_0_conv", dtype=dtype)(x)
        shortcut = _batch_norm(shortcut, f"{name}_0_bn", dtype)
    x = layers.Conv2D(filters, 1, strides=stride, name=f"{name}_1_conv", dtype=dtype)(x)
    x = _batch_norm(x, f"{name}_1_bn", dtype)
    x = layers.Activation("relu", name=f"{name}_1_relu", dtype=dtype)(x)
    x = layers.Conv2D(filters, 3, padding="same", name=f"{name}_2_conv", dtype=dtype)(x)
    x = _batch_norm(x, f"{name}_2_bn", dtype)
    x = layers.Activation("relu", name=f"{name}_2_relu", dtype=dtype)(x)
    x = layers.Conv2D(4 * filters, 1, name=f"{name}_3_conv", dtype=dtype)(x)
    x = _batch_norm(x, f"{name}_3_bn", dtype)
    x = layers.Add(name=f"{name}_add", dtype=dtype)([shortcut, x])
    return layers.Activation("relu", name=f"{name}_out", dtype=dtype)(x)


def build_arcface_resnet50(
    dtype: str = "float32",
    name: str = "arcface_resnet50",
    head: Sequence[str] = USUAL_HEAD,
) -> keras.Model:
    """Builds the encoder without weights: pictures [B, 112, 112, 3] in [0, 1], RGB → embedding [B, 512], float32.

    The embedding is raw: it is not normalised.

    Args:
        dtype: dtype policy of the backbone; the head computes in float32.
        name: name of the model.
        head: the head's layers in order, each one of `HEAD_LAYERS`; the last of them is named `embedding`. The dropout
            that ArcFace's training puts there does nothing in a frozen encoder and is left out.

    Raises:
        ValueError: for a word that is not in `HEAD_LAYERS`, or for a head without exactly one dense layer.

    >>> encoder = build_arcface_resnet50()
    >>> encoder.output_shape
    (None, 512)
    """
    head = tuple(head)
    if any(kind not in HEAD_LAYERS for kind in head) or head.count("dense") != 1:
        raise ValueError(
            f"`head` must be made of {', '.join(HEAD_LAYERS)}, with one dense. Received: head={list(head)}"
        )
    pictures = keras.Input((SIZE_PX, SIZE_PX, 3), name="pictures")
    x = layers.ZeroPadding2D(3, name="conv1_pad", dtype=dtype)(pictures)
    x = layers.Conv2D(64, 7, strides=2, name="conv1_conv", dtype=dtype)(x)  # [B, 56, 56, 64]
    x = _batch_norm(x, "conv1_bn", dtype)
    x = layers.Activation("relu", name="conv1_relu", dtype=dtype)(x)
    x = layers.ZeroPadding2D(1, name="pool1_pad", dtype=dtype)(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool1_pool", dtype=dtype)(x)  # [B, 28, 28, 64]
    for stage, filters, blocks in STAGES:
        for block in range(1, blocks + 1):
            stride = 2 if block == 1 and stage > 2 else 1
            x = _bottleneck(x, filters, stride, block == 1, f"conv{stage}_block{block}", dtype)
    # [B, 4, 4, 2048]
    for number, kind in enumerate(head, start=1):
        layer_name = "embedding" if number == len(head) else f"head_{number}_{kind}"
        if kind == "batch_norm":
            x = _batch_norm(x, layer_name, "float32", HEAD_EPSILON)
        elif kind == "flatten":
            x = layers.Flatten(name=layer_name, dtype="float32")(x)
        elif kind == "global_avg_pool":
            x = layers.GlobalAveragePooling2D(name=layer_name, dtype="float32")(x)
        else:
            x = layers.Dense(EMBEDDING_WIDTH, name=layer_name, dtype="float32")(x)
    model = keras.Model(pictures, x, name=name)  # [B, 512]
    model.trainable = False
    return model
