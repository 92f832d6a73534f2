"""face-api's two readers of a face: 68 landmarks and 7 expressions, on the same small feature extractor.

Conventions: NHWC, square crops of 112 px around one face, RGB in [0, 255]. Wiring as in face-api's readable source
(`FaceFeatureExtractor`, `denseBlock4`, `FaceProcessor`). They are judges like dlib's network: nothing is trainable.
"""

import keras
from keras import layers, ops

SIZE_PX = 112
MEAN_RGB = (122.782, 117.001, 104.298)
LANDMARKS = 68  # in the order of iBUG 300-W: jaw 0-16, brows 17-26, nose 27-35, eyes 36-47, mouth 48-67
EXPRESSIONS = ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised")
DENSE_BLOCKS: tuple[tuple[str, int], ...] = (("dense0", 32), ("dense1", 64), ("dense2", 128), ("dense3", 256))


def _dense_block(x: keras.KerasTensor, filters: int, plain_first: bool, name: str) -> keras.KerasTensor:
    """Applies four convolutions; relu of the sum of all before goes into the next one and, last, out of the block.

    The first one halves height and width. All are depthwise-separable, except that `plain_first` makes the first one an
    ordinary convolution, as the network's very first is.
    """
    first = layers.Conv2D if plain_first else layers.SeparableConv2D
    x = first(filters, 3, strides=2, padding="same", activation="relu", name=f"{name}_conv0")(x)
    total = x
    for i in range(1, 4):
        total = total + layers.SeparableConv2D(filters, 3, padding="same", name=f"{name}_conv{i}")(x)
        x = layers.Activation("relu", name=f"{name}_sum{i}")(total)
    return x


def _features(pictures: keras.KerasTensor) -> keras.KerasTensor:
    """Applies the feature extractor: [B, 112, 112, 3] → [B, 256]."""
    x = (pictures - ops.array(MEAN_RGB, dtype="float32")) / 255.0
    for i, (name, filters) in enumerate(DENSE_BLOCKS):
        x = _dense_block(x, filters, i == 0, name)  # 56, 28, 14, 7 px
    return layers.GlobalAveragePooling2D(name="average")(x)  # [B, 256]


def _frozen(pictures: keras.KerasTensor, answer: keras.KerasTensor, name: str) -> keras.Model:
    model = keras.Model(pictures, answer, name=name)
    model.trainable = False
    return model


def build_face_landmarks(name: str = "face_landmarks") -> keras.Model:
    """Builds the landmark network without weights: crops [B, 112, 112, 3] in [0, 255] → points (x, y) [B, 68, 2].

    A crop's side is 1: its right lower corner is (1, 1).

    >>> build_face_landmarks().output_shape
    (None, 68, 2)
    """
    pictures = keras.Input((SIZE_PX, SIZE_PX, 3), name="pictures")
    flat = layers.Dense(2 * LANDMARKS, name="fc")(_features(pictures))  # [B, 136]
    return _frozen(pictures, layers.Reshape((LANDMARKS, 2), name="landmarks")(flat), name)


def build_face_expression(name: str = "face_expression") -> keras.Model:
    """Builds the expression network without weights: crops [B, 112, 112, 3] in [0, 255] → probabilities [B, 7].

    The probabilities are those of `EXPRESSIONS`, in that order.

    >>> build_face_expression().output_shape
    (None, 7)
    """
    pictures = keras.Input((SIZE_PX, SIZE_PX, 3), name="pictures")
    scores = layers.Dense(len(EXPRESSIONS), name="fc")(_features(pictures))  # [B, 7]
    return _frozen(pictures, layers.Softmax(name="expression")(scores), name)
