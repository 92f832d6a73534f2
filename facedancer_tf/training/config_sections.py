"""Defines the sections of a training config as dataclasses; `facedancer_tf.training.config` joins and checks them."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from networks.generator import RELEASED_FUSION

Fusion = Literal["no_skip", "add", "concat", "affa", "d_affa", "do_affa"]


@dataclass(frozen=True)
class AugmentationConfig:
    """How pictures are augmented; the authors' `released` takes no strengths (see `data.augmentation`)."""

    kind: Literal["released", "colour_and_geometry", "none"] = "released"
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    grey: float = 0.0  # the share of the pictures that lose their colours
    flip: bool = False
    scale: float = 0.0
    rotation_deg: float = 0.0
    shift: float = 0.0

    def strengths(self) -> dict[str, Any]:
        return {name: value for name, value in dataclasses.asdict(self).items() if name != "kind"}


@dataclass(frozen=True)
class DataConfig:
    """Where the pictures come from: a folder that prepare_data.py wrote."""

    folder: Path = Path("datasets/faces")
    self_swap_probability: float = 0.2
    # If true, identities are those of the pictures before augmentation, embedded once and kept beside the shards.
    cached_embeddings: bool = False
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)


@dataclass(frozen=True)
class GeneratorConfig:
    base_filters: int = 64
    fusion: tuple[Fusion, Fusion, Fusion, Fusion, Fusion, Fusion] = RELEASED_FUSION  # type: ignore[assignment]
    mapping_depth: int = 4
    mapping_width: int = 512


@dataclass(frozen=True)
class DiscriminatorConfig:
    kind: Literal["patch", "image"] = "patch"
    base_filters: int = 64
    down_blocks: int = 4  # only for kind "patch"


@dataclass(frozen=True)
class ViewsConfig:
    """How far the encoder's random views vary (`facedancer_tf.training.views`); by default they do not vary at all."""

    scale: float = 0.0
    shift: float = 0.0  # a fraction of the side
    flip: bool = False
    blur_px: float = 1.0  # half the width of the widest kernel; 1 is plain bilinear


@dataclass(frozen=True)
class EncoderConfig:
    name: str = "arcface_resnet50"
    # A name or file, see facedancer_tf.weights.catalogue; the embedded encoder needs none.
    weights: str | None = None
    views: ViewsConfig = field(default_factory=ViewsConfig)
    # If true, the encoder sees the swapped face as it is pasted into its target, not the whole crop: see
    # `facedancer_tf.training.pasting`.
    pasted: bool = False
    # Which identities training asks for: see `facedancer_tf.training.identities`.
    identity_noise: float = 0.0  # how far a source's identity is turned at most, as a fraction of its length
    identity_length: float = 0.0  # identities become 1 / (1 + this) to 1 + this times as long


@dataclass(frozen=True)
class StartConfig:
    """Files from which a new run takes its first weights, to go on training them; without a file they are random."""

    generator: str | None = None  # a name or a model file
    discriminator: Path | None = None  # a file that import_weights.py made; only for kind "image"


@dataclass(frozen=True)
class LossConfig:
    """The weights of the loss terms; 0 leaves a term out. `r1` is the factor before the mean squared gradient."""

    adversarial: float = 1.0
    r1: float = 5.0
    identity: float = 10.0
    identity_contrast: float = 0.0  # the term for what is left of the target's identity; not in the paper
    reconstruction: float = 5.0
    perceptual: float = 0.2
    cycle: float = 1.0
    ifsr: float = 1.0
    ifsr_scale: float = 1.2
    ifsr_margins: dict[str, float] | None = None  # by encoder block; None takes the encoder's own
    ifsr_weights: dict[str, float] | None = None  # by encoder block; a block without a weight has 1


@dataclass(frozen=True)
class OptimizerConfig:
    """Adam as in the released training: no momentum, and a rate that falls by the factor 0.97 every 100,000 steps."""

    learning_rate: float = 1e-4
    beta_1: float = 0.0
    beta_2: float = 0.99
    decay_rate: float = 0.97
    decay_steps: int = 100_000
