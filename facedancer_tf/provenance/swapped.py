"""A picture with swapped faces, as `facedancer_tf.provenance.writing` takes it, and the models that swapped them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facedancer_tf.weights.catalogue import sha256_of

SEVERAL_MODELS = 0  # the watermark's model id where it cannot name one file


@dataclass(frozen=True)
class UsedModel:
    """A model that swapped faces: its name, and the SHA-256 of its file, "" where there is no file yet."""

    name: str
    sha256: str = ""

    @classmethod
    def of(cls, path: Path) -> "UsedModel":
        """Names the model file at `path`; raises UserError where it cannot be read."""
        return cls(path.stem, sha256_of(path))

    @property
    def watermark_id(self) -> int:
        """The 13 bits that name the model in a watermark: 1 to 8191, or 0 where it has no file."""
        return 1 + int(self.sha256[:12], 16) % 8191 if self.sha256 else SEVERAL_MODELS


@dataclass(frozen=True)
class Swapped:
    """A picture that shows swapped faces: `rgb` uint8 [H, W, 3], `alpha` uint8 [H, W] if any, and whence it came.

    `models` swapped the faces. `target` is the target's file: its content credentials become the picture's history.
    """

    rgb: np.ndarray
    models: Sequence[UsedModel]
    target: str | Path | None = None
    alpha: np.ndarray | None = None
    icc_profile: bytes | None = None
