"""Who says which person a face is: an encoder other than the one that the swapper was trained with.

`embed` takes pictures uint8 RGB [H, W, 3] with one found face each and gives embeddings [n, W]; `compare` is the
encoder's own measure between two sets of them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from data.faces.alignment import align
from data.faces.face import Face
from facedancer_tf.evaluation.onnx_network import OnnxNetwork, PixelInput

BATCH = 16


class Judge(Protocol):
    """`name` says which encoder this is, `short` is for a table's head, `measure` how it compares.

    `nearer` is -1 where a smaller measure means more alike (a distance), else 1. `width` is W.
    """

    name: str
    short: str
    measure: str
    nearer: int
    width: int

    def embed(self, pictures: Sequence[np.ndarray], faces: Sequence[Face]) -> np.ndarray: ...

    def compare(self, one: np.ndarray, other: np.ndarray) -> np.ndarray: ...


class DlibJudge:
    """dlib's recogniser, embedded in the project and used in no training; euclidean, as dlib compares."""

    name = "dlib face recognition ResNet v1 (150 px chips, euclidean distance)"
    short = "dlib"
    measure = "euclidean distance"
    nearer = -1
    width = 128

    def embed(self, pictures: Sequence[np.ndarray], faces: Sequence[Face]) -> np.ndarray:
        """Embeddings float32 [n, 128], not normalised."""
        from facedancer_tf.judging.dlib_judge import align_for_judge, embed_judge_crops  # brings TensorFlow

        crops = np.stack([align_for_judge(p, f) for p, f in zip(pictures, faces, strict=True)])
        return np.concatenate([embed_judge_crops(crops[i : i + BATCH]) for i in range(0, len(crops), BATCH)])

    def compare(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Euclidean distances [n, m] of embeddings [n, 128] and [m, 128]."""
        a, b = one.astype(np.float64), other.astype(np.float64)
        squared = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None, :] - 2.0 * a @ b.T
        return np.sqrt(np.clip(squared, 0.0, None))


class OnnxJudge:
    """A user's ONNX encoder on faces aligned to the ArcFace template; cosine, as ArcFace and CosFace compare."""

    measure = "cosine similarity"
    nearer = 1

    def __init__(self, path: Path, pixels: PixelInput) -> None:
        self._network = OnnxNetwork(path, pixels)
        self.name = f"{self._network.description}, on the ArcFace template, by cosine"
        self.short = path.stem
        self.width = self._network.width

    def embed(self, pictures: Sequence[np.ndarray], faces: Sequence[Face]) -> np.ndarray:
        """Embeddings float32 [n, W], not normalised."""
        size_px = self._network.pixels.size_px
        crops = [align(p, f.landmarks, size_px) for p, f in zip(pictures, faces, strict=True)]
        return self._network(np.stack(crops))

    def compare(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Cosines [n, m] of embeddings [n, W] and [m, W]."""
        return cosines(one, other)


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Cosine of the angles between embeddings [n, W] and [m, W], float64 [n, m]."""
    a, b = (x.astype(np.float64) for x in (one, other))
    lengths = np.linalg.norm(a, axis=1)[:, None] * np.linalg.norm(b, axis=1)[None, :]
    return a @ b.T / np.maximum(lengths, 1e-12)
