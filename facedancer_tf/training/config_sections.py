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
    """The authors' augmentation, our own or none; the strengths below are for our own."""
    brightness: float = 0.0
    """Brightness is multiplied by up to 1 ± this."""
    contrast: float = 0.0
    """Contrast is multiplied by up to 1 ± this."""
    saturation: float = 0.0
    """Saturation is multiplied by up to 1 ± this."""
    grey: float = 0.0
    """The share of the pictures that lose their colours."""
    flip: bool = False
    """Whether half of the pictures are mirrored."""
    scale: float = 0.0
    """Targets are made larger or smaller by up to this fraction."""
    rotation_deg: float = 0.0
    """Targets are turned by up to so many degrees."""
    shift: float = 0.0
    """Targets are moved by up to this fraction of the side."""
    occluded: float = 0.0
    """The share of the pictures in which a hand, hair, a mask or the like covers part of the face."""

    def strengths(self) -> dict[str, Any]:
        return {name: value for name, value in dataclasses.asdict(self).items() if name != "kind"}


@dataclass(frozen=True)
class DataConfig:
    """Where the pictures come from: a folder that prepare_data.py wrote."""

    folder: Path = Path("datasets/faces")
    """The folder of shards that prepare_data.py wrote."""
    self_swap_probability: float = 0.2
    """The share of the pairs whose source is the target itself."""
    cached_embeddings: bool = False
    """If true, identities are those of the pictures before augmentation, embedded once and kept beside the shards."""
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    """How pictures are augmented"""


@dataclass(frozen=True)
class GeneratorConfig:
    """The shape of the generator (see `networks.generator`); it cannot change during a run."""

    base_filters: int = 64
    """Channels at full resolution; deeper maps have up to eight times as many."""
    fusion: tuple[Fusion, Fusion, Fusion, Fusion, Fusion, Fusion] = RELEASED_FUSION  # type: ignore[assignment]
    """How each decoder block joins the target's features, deepest first."""
    mapping_depth: int = 4
    """The layers of the mapping network."""
    mapping_width: int = 512
    """The width of the mapping network's layers."""


@dataclass(frozen=True)
class DiscriminatorConfig:
    """The kind and shape of the discriminator (see `networks.discriminator`); it cannot change during a run."""

    kind: Literal["patch", "image"] = "patch"
    """Whether it judges patches or, as released, the whole picture."""
    base_filters: int = 64
    """The filters of its first block."""
    down_blocks: int = 4
    """How often it halves the picture; only for kind "patch"."""


@dataclass(frozen=True)
class ViewsConfig:
    """How far the encoder's random views vary (`facedancer_tf.training.views`); by default they do not vary at all."""

    scale: float = 0.0
    """They are made larger or smaller by up to this fraction."""
    shift: float = 0.0
    """They are moved by up to this fraction of the side."""
    flip: bool = False
    """Whether half of them are mirrored."""
    blur_px: float = 1.0
    """Half the width of the widest kernel that blurs them; 1 is plain bilinear."""


@dataclass(frozen=True)
class EncoderConfig:
    """The frozen identity encoder, what it sees of the pictures, and which identities training asks for."""

    name: str = "arcface_resnet50"
    """One of the encoders of `networks.encoders`."""
    weights: str | None = None
    """A name or file of its weights, see `facedancer_tf.weights.catalogue`; the embedded encoder needs none."""
    views: ViewsConfig = field(default_factory=ViewsConfig)
    """How far the random views vary in which it sees target and swapped face"""
    pasted: bool = False
    """If true, it sees the swapped face pasted into its target and not the whole crop (`training.pasting`)."""
    identity_noise: float = 0.0
    """How far a source's identity is turned at most, as a fraction of its length (`training.identities`)."""
    identity_length: float = 0.0
    """Identities become 1 / (1 + this) to 1 + this times as long."""


@dataclass(frozen=True)
class SecondEncoderConfig:
    """A second frozen identity encoder, which also judges whether the swapped face shows the source."""

    name: str | None = None
    """One of the encoders of `networks.encoders`; null: none."""
    weights: str | None = None
    """A name or file of its weights; embedded encoders need none."""


@dataclass(frozen=True)
class StartConfig:
    """Files from which a new run takes its first weights, to go on training them; without a file they are random."""

    generator: str | None = None
    """A name or file of a generator (model.keras)."""
    discriminator: Path | None = None
    """A file that import_weights.py made; only for kind "image"."""


@dataclass(frozen=True)
class LossConfig:
    """The weights of the loss terms; 0 leaves a term out."""

    adversarial: float = 1.0
    """The weight of the adversarial loss, for both networks."""
    r1: float = 5.0
    """The weight of R1: the squared gradient at real pictures, summed over pixels, averaged over the batch."""
    identity: float = 10.0
    """The weight of the distance between the swapped face's identity and the source's."""
    identity_contrast: float = 0.0
    """The weight of the term for what is left of the target's identity; it is not in the paper."""
    second_identity: float = 0.0
    """The weight of `identity` by the second encoder."""
    second_contrast: float = 0.0
    """The weight of `identity_contrast` by the second encoder."""
    reconstruction: float = 5.0
    """The weight of the difference between a self-swap and its target."""
    occluder: float = 0.0
    """The weight of the difference from the target under the things that `data.augmentation.occluded` draws."""
    perceptual: float = 0.2
    """The weight of the same in VGG16's features."""
    cycle: float = 1.0
    """The weight of the difference between the target and the swapped face swapped back."""
    ifsr: float = 1.0
    """The weight of IFSR, which keeps features of the target."""
    ifsr_scale: float = 1.2
    """The factor of all IFSR margins."""
    ifsr_margins: dict[str, float] | None = None
    """The IFSR margins by encoder block; null takes the encoder's own."""
    ifsr_weights: dict[str, float] | None = None
    """The weights of encoder blocks in IFSR; a block without a weight has 1."""


@dataclass(frozen=True)
class OptimizerConfig:
    """Adam as in the released training: no momentum, and a rate that falls by the factor 0.97 every 100,000 steps."""

    learning_rate: float = 1e-4
    """The learning rate at step 0, from which the decay counts."""
    beta_1: float = 0.0
    """The share of the gradients' mean that stays in a step; 0 is no momentum."""
    beta_2: float = 0.99
    """The share of the squared gradients' mean that stays in a step."""
    decay_rate: float = 0.97
    """The learning rate is multiplied by this every `decay_steps`, gradually; 1 keeps it."""
    decay_steps: int = 100_000
    """In how many steps the rate falls by `decay_rate`."""
