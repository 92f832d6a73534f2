"""The systems that are evaluated: models, and baselines without a model that show what the numbers mean.

Every system cuts an aligned crop out of the target, makes a swapped crop of it, and pastes that back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from data.faces.alignment import estimate_transform, warp
from facedancer_tf.errors import UserError
from facedancer_tf.evaluation.jpeg import through_jpeg
from facedancer_tf.evaluation.portrait_set import Portrait
from facedancer_tf.provenance.swapped import UsedModel
from facedancer_tf.swapping.paste import paste_into
from facedancer_tf.swapping.swapper import Swapper
from facedancer_tf.weights.catalogue import sha256_of

BASELINE_PX = 256  # the paper's size


@dataclass(frozen=True)
class SwappedCrop:
    """The target's crop `before` and `after` the swap, uint8 [S, S, 3], and the `transform` that cuts it out [2, 3]."""

    before: np.ndarray = field(repr=False)
    after: np.ndarray = field(repr=False)
    transform: np.ndarray = field(repr=False)


class System(Protocol):
    """A system that swaps. `swap` takes as many sources as targets; `paste` returns the finished picture."""

    name: str

    def swap(self, sources: Sequence[Portrait], targets: Sequence[Portrait]) -> list[SwappedCrop]: ...

    def paste(self, target: Portrait, crop: SwappedCrop) -> np.ndarray: ...


class ModelSystem:
    """A model file, with its own encoder for the source's identity.

    Loads its weights at once. Raises UserError where the file is replaced meanwhile, as a training run does: it would
    be unknown which weights are measured.
    """

    def __init__(self, name: str, swapper: Swapper) -> None:
        self.name, self._swapper = name, swapper
        self._sha256 = sha256_of(swapper.model_path)
        self._recipe = swapper.engine.recipe
        if sha256_of(swapper.model_path) != self._sha256:
            raise UserError(f"{swapper.model_path} was replaced while it was read; run this again")
        self._identities: dict[Path, np.ndarray] = {}

    @property
    def used_model(self) -> UsedModel:
        """What the marks of swapped pictures name."""
        return UsedModel(self.name, self._sha256)

    @property
    def size_px(self) -> int:
        """Side of the model's crops."""
        return self._recipe.size_px

    @property
    def shrink(self) -> float:
        """How much smaller the face is in the model's crops than in the template."""
        return self._recipe.shrink

    @property
    def encoder(self) -> str:
        """Name of the encoder that gives the model the identity, and that it was trained with."""
        return self._recipe.encoder

    @property
    def description(self) -> str:
        """Name, size and encoder of the model, the start of its file's SHA-256, and steps of pasting left out."""
        left_out = self._swapper.paste_steps.left_out
        return (
            f"{self.name} ({self.size_px} px, trained with the encoder {self.encoder}, SHA-256 {self._sha256[:12]}"
            f"{left_out and ', ' + left_out})"
        )

    def swap(self, sources: Sequence[Portrait], targets: Sequence[Portrait]) -> list[SwappedCrop]:
        new = list(
            {source.path: source for source in sources if source.path not in self._identities}.values()
        )
        if new:
            embeddings = self._swapper.embeddings([s.picture for s in new], [s.face for s in new])
            self._identities.update(zip((s.path for s in new), embeddings, strict=True))
        cuts = [self._swapper.cut(target.picture, target.face) for target in targets]
        crops = np.stack([crop for crop, _ in cuts])
        identities = np.stack([self._identities[source.path] for source in sources])
        swapped = self._swapper.engine.swap_crops(crops, identities)
        return [
            SwappedCrop(crop, after, transform)
            for (crop, transform), after in zip(cuts, swapped, strict=True)
        ]

    def paste(self, target: Portrait, crop: SwappedCrop) -> np.ndarray:
        return self._swapper.paste(target.picture, [crop.after], [(crop.before, crop.transform)])


class CopiedTarget:
    """Returns the target as it is: keeps everything and swaps nothing."""

    name = "copied target"

    def swap(self, sources: Sequence[Portrait], targets: Sequence[Portrait]) -> list[SwappedCrop]:
        return [
            SwappedCrop(crop, crop, transform)
            for crop, transform in (_cut(target, BASELINE_PX) for target in targets)
        ]

    def paste(self, target: Portrait, crop: SwappedCrop) -> np.ndarray:
        return target.picture


class PastedSource:
    """Lays the source's face over the target's by the five landmarks: the right person with the wrong pose."""

    name = "pasted source"

    def swap(self, sources: Sequence[Portrait], targets: Sequence[Portrait]) -> list[SwappedCrop]:
        swapped = []
        for source, target in zip(sources, targets, strict=True):
            before, transform = _cut(target, BASELINE_PX)
            swapped.append(SwappedCrop(before, _cut(source, BASELINE_PX)[0], transform))
        return swapped

    def paste(self, target: Portrait, crop: SwappedCrop) -> np.ndarray:
        picture = target.picture.copy()
        paste_into(picture, crop.after, crop.transform)
        return picture


class ResampledTarget:
    """Pastes the target's own crop back at a model's size: what a perfect swapper of that size would keep.

    That is without the finest detail, which would give the target itself.
    """

    def __init__(self, size_px: int, shrink: float, jpeg: bool) -> None:
        self._size_px, self._shrink, self._jpeg = size_px, shrink, jpeg
        self.name = f"target at {size_px} px" + (", JPEG 75" if jpeg else "")
        if shrink != 1.0:
            self.name += f", shrink {shrink:g}"

    def swap(self, sources: Sequence[Portrait], targets: Sequence[Portrait]) -> list[SwappedCrop]:
        cuts = [_cut(target, self._size_px, self._shrink) for target in targets]
        return [SwappedCrop(crop, crop, transform) for crop, transform in cuts]

    def paste(self, target: Portrait, crop: SwappedCrop) -> np.ndarray:
        picture = target.picture.copy()
        paste_into(picture, crop.after, crop.transform, self._shrink)
        return through_jpeg(picture) if self._jpeg else picture


def baselines(models: Sequence[ModelSystem]) -> list[System]:
    """The baselines of every evaluation: the two extremes, and what each model's size alone costs."""
    sizes = dict.fromkeys((model.size_px, model.shrink) for model in models)
    resampled = [
        ResampledTarget(size_px, shrink, jpeg) for size_px, shrink in sizes for jpeg in (False, True)
    ]
    return [CopiedTarget(), *resampled, PastedSource()]


def _cut(portrait: Portrait, size_px: int, shrink: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    transform = estimate_transform(portrait.face.landmarks, size_px, shrink)
    return warp(portrait.picture, transform, size_px), transform
