"""InsightFace's improved ResNets ("iresnet"): ArcFace's backbone in that model zoo, the user's own weights.

Conventions: NHWC, 112 × 112 RGB in [-1, 1], raw embedding of 512. The original's batch norms that directly follow a
convolution or a dense layer are folded into it, and the one in front of the flatten into the dense layer, which is
exact. The one in front of a unit's first convolution stays: that convolution pads with zeros, which its shift must
not touch. All run on their stored statistics whatever the training flag, and nothing is trainable.
"""

from collections.abc import Mapping

import keras
from keras import layers

from networks.layers import PReLU

SIZE_PX = 112
EMBEDDING_WIDTH = 512
STAGE_FILTERS = (
    64,
    128,
    256,
    512,
)  # at 56, 28, 14 and 7 px; every stage halves the resolution in its first unit
UNITS: Mapping[int, tuple[int, int, int, int]] = {  # per stage, by depth
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 14, 3),
    100: (3, 13, 30, 3),
    200: (6, 26, 60, 6),
}
EPSILON = 1e-5


def _units(depth: int) -> tuple[int, int, int, int]:
    if depth not in UNITS:
        raise ValueError(f"`depth` must be one of {sorted(UNITS)}. Received: depth={depth}")
    return UNITS[depth]


def unit_names(depth: int) -> tuple[str, ...]:
    """Lists the names of the units, from shallow to deep; a unit's output, its sum, is the layer `<name>_out`.

    >>> unit_names(18)[:3]
    ('stage1_unit1', 'stage1_unit2', 'stage2_unit1')

    Raises ValueError for a depth that InsightFace does not have.
    """
    return tuple(
        f"stage{stage}_unit{unit}"
        for stage, units in enumerate(_units(depth), start=1)
        for unit in range(1, units + 1)
    )


def _unit(x: keras.KerasTensor, filters: int, halve: bool, name: str, dtype: str) -> keras.KerasTensor:
    """Adds batch norm → 3 × 3 → PReLU → 3 × 3 to the input: [B, H, W, C] → [B, H, W, filters].

    A unit that halves has stride 2 in its second convolution and in the projection of its input.
    """
    shortcut = x
    if halve:
        shortcut = layers.Conv2D(filters, 1, strides=2, name=f"{name}_shortcut", dtype=dtype)(x)
    x = layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_bn", dtype=dtype)(x, training=False)
    x = layers.Conv2D(filters, 3, padding="same", name=f"{name}_conv1", dtype=dtype)(x)
    x = PReLU(name=f"{name}_prelu", dtype=dtype)(x)
    if halve:
        # The original pads one pixel on every side; "same" padding would put both of them right and below.
        x = layers.ZeroPadding2D(1, name=f"{name}_pad", dtype=dtype)(x)
        x = layers.Conv2D(filters, 3, strides=2, name=f"{name}_conv2", dtype=dtype)(x)
    else:
        x = layers.Conv2D(filters, 3, padding="same", name=f"{name}_conv2", dtype=dtype)(x)
    return layers.Add(name=f"{name}_out", dtype=dtype)([shortcut, x])


def build_iresnet(depth: int = 50, dtype: str = "float32", name: str | None = None) -> keras.Model:
    """Builds the encoder without weights: pictures [B, 112, 112, 3] in [-1, 1], RGB → raw embedding [B, 512].

    Args:
        depth: 18, 34, 50, 100 or 200.
        dtype: dtype policy of the backbone; the embedding is float32.
        name: name of the model; `iresnet<depth>` if None.

    Raises:
        ValueError: for another depth.

    >>> build_iresnet(18).output_shape
    (None, 512)
    """
    stages = zip(STAGE_FILTERS, _units(depth), strict=True)
    pictures = keras.Input((SIZE_PX, SIZE_PX, 3), name="pictures")
    x = layers.Conv2D(64, 3, padding="same", name="stem_conv", dtype=dtype)(pictures)  # [B, 112, 112, 64]
    x = PReLU(name="stem_prelu", dtype=dtype)(x)
    for stage, (filters, units) in enumerate(stages, start=1):
        for unit in range(1, units + 1):
            x = _unit(x, filters, unit == 1, f"stage{stage}_unit{unit}", dtype)
    # [B, 7, 7, 512]
    x = layers.Flatten(name="flatten", dtype=dtype)(x)
    embedding = layers.Dense(EMBEDDING_WIDTH, name="embedding", dtype="float32")(x)  # [B, 512]
    model = keras.Model(pictures, embedding, name=name or f"iresnet{depth}")
    model.trainable = False
    return model
